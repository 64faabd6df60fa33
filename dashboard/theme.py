"""The look as Streamlit takes it: colours of both themes, type, corners. What it cannot say stands in style.css."""

from typing import Any

ACCENT = {"light": "#1F7A55", "dark": "#63C397"}

_LIGHT = {
    "primaryColor": ACCENT["light"],
    "backgroundColor": "#FCFBF8",
    "secondaryBackgroundColor": "#F2F0E9",
    "textColor": "#1C2622",
    "borderColor": "#DDD9CD",
    "linkColor": "#17613F",
    "chartCategoricalColors": ["#0072B2", "#B94F00", "#1F7A55", "#8A6A00", "#9A5B9D", "#5C6B66"],
}
_DARK = {
    "primaryColor": ACCENT["dark"],
    "backgroundColor": "#121715",
    "secondaryBackgroundColor": "#1B2320",
    "textColor": "#E7ECE8",
    "borderColor": "#33403A",
    "linkColor": "#7FD0A8",
    "chartCategoricalColors": ["#5AB0E6", "#FF9A52", "#63C397", "#D9B64A", "#C79ACB", "#9AA8A2"],
}
_BOTH = {
    "font": "Inter, 'Segoe UI', system-ui, sans-serif",
    "headingFont": "Fraunces, Georgia, serif",
    "baseFontSize": 15,
    "baseRadius": "10px",
    "buttonRadius": "10px",
    "showWidgetBorder": True,
    "headingFontSizes": ["2.1rem", "1.15rem", "1.05rem"],
    "headingFontWeights": [550, 550, 550],
    "metricValueFontSize": "1.7rem",
    "paddingTop": "1rem",
    "fontFaces": [
        {"family": "Inter", "url": "/graft/fonts/inter.woff2", "weight": "100 900"},
        {"family": "Fraunces", "url": "/graft/fonts/fraunces.woff2", "weight": "100 900"},
    ],
}


def options() -> dict[str, Any]:
    """The theme as options of Streamlit's configuration."""
    return {
        **{f"theme.{name}": value for name, value in _BOTH.items()},
        **{f"theme.light.{name}": value for name, value in _LIGHT.items()},
        **{f"theme.dark.{name}": value for name, value in _DARK.items()},
    }
