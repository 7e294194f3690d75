"""A drawing as one HTML file that needs nothing else: drag to move, wheel or + and - to zoom, double click or 0 for all."""

from __future__ import annotations

from html import escape

_PAGE = """<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
  body {{ margin: 0; background: #ffffff }}
  svg {{ display: block; width: 100vw; height: 100vh; cursor: grab; touch-action: none }}
</style>
{svg}
<script>
{script}
</script>
</html>
"""

_SCRIPT = """
const svg = document.querySelector("svg")
const whole = svg.viewBox.baseVal
const all = [whole.x, whole.y, whole.width, whole.height]
let view = all

const show = next => { view = next; svg.setAttribute("viewBox", view.join(" ")) }
const place = event => new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse())
const middle = () => ({ x: view[0] + view[2] / 2, y: view[1] + view[3] / 2 })
const zoom = (at, by) => show([at.x + (view[0] - at.x) * by, at.y + (view[1] - at.y) * by, view[2] * by, view[3] * by])

svg.addEventListener("wheel", event => {
  event.preventDefault()
  zoom(place(event), Math.exp(event.deltaY / 500))
}, { passive: false })
svg.addEventListener("dblclick", () => show(all))
let held = null
svg.addEventListener("pointerdown", event => { held = place(event); svg.setPointerCapture(event.pointerId) })
svg.addEventListener("pointerup", () => { held = null })
svg.addEventListener("pointermove", event => {
  if (!held) return
  const now = place(event)
  show([view[0] + held.x - now.x, view[1] + held.y - now.y, view[2], view[3]])
})
const keys = { "+": () => zoom(middle(), 0.8), "-": () => zoom(middle(), 1.25), "0": () => show(all) }
addEventListener("keydown", event => keys[event.key]?.())
""".strip()


def page(svg: str, title: str) -> str:
    """HTML text that shows `svg` alone."""
    return _PAGE.format(title=escape(title or "Diagram"), svg=svg[svg.index("<svg") :].strip(), script=_SCRIPT)
