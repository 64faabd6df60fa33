"""The HTML that a browser gets for the address of any page: Streamlit's, with Graft's look in it from the first byte.

The style sheet would otherwise come with the script's first answer, seconds after the page's own frame is drawn, and
move all of it.
"""

import base64
import re
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

import streamlit
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.navigation import OTHER_PAGES, START, STEPS

DASHBOARD = Path(__file__).parents[1]
STREAMLIT = Path(streamlit.__file__).parent / "static"
PAGES = {step.key for step in STEPS if step.key != START} | set(OTHER_PAGES)
LONGEST_NAME = 80  # of a page that is not there: letters
# What is no page lies below these, or has a dot in its name.
_NO_PAGES = ("static", "graft", "media", "component", "auth", "oauth2callback")
# Streamlit would guess from a page's address where the server answers, and ask two places that are not there.
_BACKEND = "<script>window.__streamlit = { BACKEND_BASE_URL: location.origin }</script>"

# Streamlit fetches the script of each kind of element when the first one is to be drawn, and until then a bar of
# another height stands in its place. Fetched together with the page, they are drawn at once and nothing moves.
_ELEMENTS = (
    "PageLink", "Html", "Button", "ButtonGroup", "BidiComponent", "TextInput", "Checkbox", "Slider", "Selectbox",
    "NumberInput", "FileUploader", "purify.es",
)  # fmt: skip

# Streamlit draws a page piece by piece, each where the next ones push it away from. Until the first run of the script
# has ended and every piece has its size, the row above and pale lines stand in its place; then all is there at once.
_PLACEHOLDER = '<div class="graft-opening" aria-hidden="true"><div><b>Graft</b></div><i></i><i></i><i></i></div>'
_OPENING = (DASHBOARD / "server" / "opening.js").read_text(encoding="utf-8")


class IndexHtml:
    """An ASGI app that answers for pages and passes everything else on.

    The address of a page that is not there leads to the first one, which says so (`dashboard.frame`).
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._html = index_html()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or not is_page(scope["path"]):
            await self._app(scope, receive, send)
            return
        name = scope["path"].strip("/")
        response: Response
        if name and name not in PAGES:
            response = RedirectResponse(address_instead(name, scope["query_string"].decode("latin-1")))
        else:
            response = HTMLResponse(self._html, headers={"Cache-Control": "no-cache"})
        await response(scope, receive, send)


def is_page(path: str) -> bool:
    """Whether a path of the server can be a page's address; also one of a page that is not there."""
    first, *_ = path.strip("/").split("/")
    return not path.startswith("//") and "." not in path and not first.startswith("_") and first not in _NO_PAGES


def address_instead(name: str, query: str) -> str:
    """Where the address of a page that is not there leads: to the first page, with the name to say."""
    parameters = parse_qsl(query)
    if name != START:
        parameters.append(("unknown", name[:LONGEST_NAME]))
    return f"/?{urlencode(parameters)}" if parameters else "/"


def index_html() -> str:
    """Streamlit's index.html with absolute addresses, the fonts asked for at once, the style sheet, title and icon."""
    html = (STREAMLIT / "index.html").read_text(encoding="utf-8").replace('"./', '"/')
    html = re.sub(r'<link\s+rel="preload"[^>]*as="font"[^>]*>', "", html)  # of a font that Graft does not use
    html = re.sub(r'<link rel="shortcut icon"[^>]*>', f'<link rel="shortcut icon" href="{_icon()}">', html)
    html = html.replace("<title>Streamlit</title>", "<title>Graft</title>")
    html = html.replace(
        "</head>", f"{_BACKEND}{_font_preloads()}{_element_scripts()}<script>{_OPENING}</script></head>"
    )
    # After the head: there Streamlit's own styles are added as the page is drawn, and the later of two rules wins.
    style = (DASHBOARD / "style.css").read_text(encoding="utf-8")
    return html.replace("<body>", f"<body><style>{style}</style>{_PLACEHOLDER}", 1)


def _font_preloads() -> str:
    icons = sorted((STREAMLIT / "static" / "media").glob("MaterialSymbols-Rounded*.woff2"))
    addresses = ["/graft/fonts/inter.woff2", "/graft/fonts/fraunces.woff2", *(f"/static/media/{i.name}" for i in icons)]
    return "".join(
        f'<link rel="preload" href="{address}" as="font" type="font/woff2" crossorigin>' for address in addresses
    )


def _element_scripts() -> str:
    """After Streamlit's own script, on which they stand: scripts of this type run in their order."""
    folder = STREAMLIT / "static" / "js"
    found = [path.name for name in _ELEMENTS for path in sorted(folder.glob(f"{name}.*.js"))]
    imports = "".join(f'import("/static/js/{name}");' for name in found)
    return f'<script type="module">{imports}</script>'


def _icon() -> str:
    logo = (DASHBOARD.parent / "assets" / "logo.svg").read_bytes()
    return "data:image/svg+xml;base64," + base64.b64encode(logo).decode()
