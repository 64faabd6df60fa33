"""Well-known public sets, fetched by torchvision's own loaders and imported like anything else.

Nothing is unpickled: CIFAR-10 and CIFAR-100 are pickles and are left out for that; of the sets here, torchvision reads
text, JSON, MATLAB tables (scipy's reader makes arrays only) and raw bytes. Where the authors say which photos test,
that is kept, so that results can be held beside published ones.
"""

from core.datasets.public.catalogue import PublicSet, public_sets
from core.datasets.public.importing import import_public

__all__ = ["PublicSet", "import_public", "public_sets"]
