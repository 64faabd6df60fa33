"""The live view of one run: bar, figures, charts and the verdict, all drawn by the browser from one route.

Streamlit's script takes no part in an update: `chart.js` asks `GET /graft/runs/{run}/curves` once a second and keeps
its charts, so no rerun can stop, redraw or dim them, and a zoom or a hidden line stays as the user left it. The answer
says which panels there are, what they are called and which curves they draw.
"""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from dashboard.components.loading import load_component
from dashboard.routes import PLOTLY_URL, curves_url, module_url

# Plotly puts its styles into the document's head: a shadow root would not see them.
_component = load_component(Path(__file__).parent, isolate_styles=False)


def live_chart(run_id: str, name: str, state: str, task: str, on_changed: Callable[[], None]) -> None:
    """The live view of a run. `name` stands in the window's title; `state` is what the page shows, and `on_changed` is
    called once when it is no longer true."""
    _component(
        key=f"live-{run_id}",
        data={
            "module": module_url("live_chart", "chart.js"),
            "curves": f"{curves_url(run_id)}?task={quote(task, safe='')}",
            "plotly": PLOTLY_URL,
            "name": name,
            "state": state,
        },
        on_changed_change=on_changed,
    )
