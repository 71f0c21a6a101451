"""The explorer's page in a real browser: hands, keys, fields and buttons do what they say."""

import io
import time
from decimal import Decimal

import imageio.v3 as iio
import numpy as np
import pytest

from tests.browser import Browser, need_chromium

PATIENCE_S = 60.0
COLUMNS, ROWS = 720, 450
FULL = "explorer.picture.state === 'full'"
SEAHORSE = "#re=-0.743643887037158&im=0.131825904205311&width=1e-3&maxiter=600"


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    need_chromium()
    with Browser(tmp_path_factory.mktemp("chromium"), COLUMNS, ROWS) as browser:
        yield browser


@pytest.fixture
def page(chromium, server):
    """Return the page, which shows the whole set sharply."""
    opened(chromium, server)
    return chromium


def opened(browser, server, place="#re=-0.5&im=0&width=4&maxiter=300"):
    # Another query, so that the page is loaded anew; its hash alone would not do that.
    browser.open(server.uri(f"/?{time.monotonic_ns()}{place}"))
    until(browser, FULL)


def until(browser, condition):
    end = time.monotonic() + PATIENCE_S
    while not browser.run(condition):
        assert time.monotonic() < end, f"{condition}: {browser.run('document.body.innerText')}"
        time.sleep(0.02)


def view(browser):
    return {
        key: Decimal(value) if isinstance(value, str) else value
        for key, value in browser.run("explorer.picture.view").items()
    }


def click(browser, name):
    browser.run(f"document.getElementById('{name}').click()")


def value(browser, name):
    return browser.run(f"document.getElementById('{name}').value")


def typed(browser, name, text):
    browser.run(
        f"(() => {{ const field = document.getElementById('{name}'); field.value = '{text}';"
        " field.dispatchEvent(new Event('change')); })()"
    )


def mouse(browser, kind, x, y, **more):
    browser.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)


def wheel(browser, x, y, delta=-100):
    mouse(browser, "mouseWheel", x, y, deltaX=0, deltaY=delta)


def settled(browser):
    """Wait until the picture is sharp, and the place is in the address."""
    until(browser, FULL)
    until(browser, "explorer.history.isSettled")


def pixels(browser):
    return browser.run("explorer.thumbnail(90).toDataURL()")


def test_the_page_has_only_its_own_files_and_says_what_it_shows(page, server):
    assert all(
        address.startswith((f"http://{server.host}/", "blob:", "data:"))
        for address in page.requests
    )
    assert value(page, "center-re") == "-0.5"
    assert value(page, "width") == "4"
    assert value(page, "kernel") == "float64"
    colours = np.unique(page.screenshot()[:, : COLUMNS // 2].reshape(-1, 3), axis=0)
    assert len(colours) > 500


def test_the_wheel_zooms_to_any_depth_about_the_point_under_it(page):
    # i is the end of an antenna: every digit of it is 0.
    typed(page, "center-re", "0")
    typed(page, "center-im", "1")
    settled(page)
    middle = COLUMNS / 2, ROWS / 2
    while view(page)["width"] > Decimal("1e-20"):
        before = view(page)["width"]
        wheel(page, *middle, -300)
        # A hand that is far ahead of the server: 30 octaves before it answers.
        page.run(f"""for (let turn = 0; turn < 39; turn += 1) {{
          explorer.picture.canvas.dispatchEvent(new WheelEvent("wheel", {{
            deltaY: -300, clientX: {middle[0]}, clientY: {middle[1]}, cancelable: true }}));
        }}""")
        assert page.run("explorer.picture.state") == "busy"
        until(page, f"Number(explorer.picture.view.width) < {float(before) * 2e-9}")
    settled(page)
    after = view(page)
    assert abs(after["im"] - 1) < after["width"] / 100
    assert value(page, "kernel").startswith("perturbation")
    assert Decimal(value(page, "width")) == after["width"]


def test_the_pixels_move_within_the_next_frame(page):
    changed = page.run("""new Promise((done) => {
      const { picture } = explorer;
      const shown = () => picture.context.getImageData(60, 200, 300, 1).data.join();
      const before = shown();
      picture.canvas.dispatchEvent(new WheelEvent("wheel",
        { deltaY: -300, clientX: 300, clientY: 200, cancelable: true }));
      requestAnimationFrame(() => done([shown() !== before, picture.state]));
    })""")
    assert changed == [True, "busy"]


def test_a_drag_moves_what_is_under_it(page):
    before = view(page)
    mouse(page, "mousePressed", 300, 300, button="left", buttons=1, clickCount=1)
    for step in range(1, 9):
        mouse(page, "mouseMoved", 300 + 5 * step, 300 - 3 * step, button="left", buttons=1)
    mouse(page, "mouseReleased", 340, 276, button="left", clickCount=1)
    settled(page)
    spacing = before["width"] / COLUMNS
    assert view(page)["width"] == before["width"]
    assert round((before["re"] - view(page)["re"]) / spacing, 6) == 40
    assert round((before["im"] - view(page)["im"]) / spacing, 6) == 24


def test_a_double_click_zooms_in_and_with_shift_out(page):
    before = view(page)
    for keys, factor in ((0, 2), (8, 1)):
        for count in (1, 2):
            more = {"button": "left", "clickCount": count, "modifiers": keys}
            mouse(page, "mousePressed", 200, 200, buttons=1, **more)
            mouse(page, "mouseReleased", 200, 200, **more)
        settled(page)
        assert view(page)["width"] == before["width"] / factor


def test_keys_move_zoom_and_turn(page):
    page.run("explorer.picture.canvas.focus()")
    before = view(page)
    for key in ("ArrowRight", "PageDown", "]"):
        page.call("Input.dispatchKeyEvent", type="keyDown", key=key)
        page.call("Input.dispatchKeyEvent", type="keyUp", key=key)
    settled(page)
    after = view(page)
    assert after["re"] > before["re"]
    assert after["width"] == before["width"] / 2
    assert after["rotation"] != before["rotation"]


def test_a_pinch_zooms(page):
    page.call("Emulation.setTouchEmulationEnabled", enabled=True, maxTouchPoints=2)
    before = view(page)

    def touch(kind, *points):
        page.call(
            "Input.dispatchTouchEvent", type=kind,
            touchPoints=[{"x": x, "y": y, "id": k} for k, (x, y) in enumerate(points)],
        )  # fmt: skip  # one call

    try:
        touch("touchStart", (300, 280), (340, 280))
        for step in range(1, 11):
            touch("touchMove", (300 - 8 * step, 280), (340 + 8 * step, 280))
        touch("touchEnd")
        settled(page)
    finally:
        page.call("Emulation.setTouchEmulationEnabled", enabled=False)
    # From 40 pixels apart to 200.
    assert 3 < before["width"] / view(page)["width"] <= Decimal("5.01")


def test_a_nucleus_is_found_framed_and_left_again(page):
    typed(page, "center-re", "-1.75")
    typed(page, "width", "0.1")
    settled(page)
    before = view(page)
    click(page, "find-nucleus")
    until(page, "document.getElementById('period').value !== ''")
    assert value(page, "period") == "period 3"
    assert page.run("explorer.picture.marks.length") == 1
    click(page, "frame")
    settled(page)
    framed = view(page)
    assert abs(framed["re"] - Decimal("-1.75487766624669")) < Decimal("1e-12")
    assert framed["width"] < before["width"]
    click(page, "undo")
    settled(page)
    assert view(page) == before
    click(page, "redo")
    settled(page)
    assert view(page) == framed


def test_why_nothing_is_found_is_said(page):
    typed(page, "center-re", "3")
    typed(page, "width", "0.1")
    settled(page)
    click(page, "find-spiral")
    until(page, "document.getElementById('status').textContent.includes('outside the set')")


def test_the_point_under_the_cursor_is_examined(page):
    mouse(page, "mouseMoved", COLUMNS / 2 - 5, ROWS / 2)
    until(page, "document.getElementById('point-period').textContent === '1'")
    until(page, "document.getElementById('julia').naturalWidth === 264")
    # Far to the left there is nothing.
    mouse(page, "mouseMoved", 4, ROWS / 2)
    until(page, "document.getElementById('point-count').textContent === '0'")
    assert "pixels" in page.run("document.getElementById('point-distance').textContent")


def test_another_palette_recolours_and_goes_into_the_address(page):
    settled(page)
    before = pixels(page)
    click(page, "tab-look")
    typed(page, "palette", "lagoon")
    until(page, "explorer.picture.settings.look.palette === 'lagoon'")
    settled(page)
    assert pixels(page) != before
    assert "lagoon" in page.run("decodeURIComponent(location.hash)")
    click(page, "undo")
    settled(page)
    assert value(page, "palette") == "dusk"


def test_a_layer_is_added_changed_and_removed(page):
    settled(page)
    click(page, "tab-look")
    click(page, "add-layer")
    until(page, "explorer.picture.settings.look.layers?.length === 1")
    settled(page)
    before = pixels(page)
    typed(page, "layer-0-by", "distance")
    typed(page, "layer-0-blend", "screen")
    until(page, "explorer.picture.settings.look.layers[0].blend === 'screen'")
    settled(page)
    assert pixels(page) != before
    assert page.run("explorer.picture.settings.look.layers") == [
        {"by": "distance", "blend": "screen"}
    ]
    page.run("document.querySelector('#layers legend button').click()")
    until(page, "explorer.picture.settings.look.layers === undefined")
    assert page.run("document.getElementById('layers').childElementCount") == 0


def test_a_ready_look_is_chosen_from_its_tile(page):
    click(page, "tab-look")
    until(page, "[...document.querySelectorAll('#looks img')].every((tile) => tile.naturalWidth)")
    page.run("document.querySelectorAll('#looks button')[11].click()")
    settled(page)
    assert page.run("document.getElementById('light').checked")
    assert page.run("document.querySelectorAll('#looks button')[11].ariaPressed") == "true"


def test_a_palette_file_is_dropped(page):
    before = pixels(page)
    page.run("""(() => {
      const files = new DataTransfer();
      files.items.add(new File(["0 0 0\\n255 0 0\\n255 255 0\\n"], "fire.map"));
      document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: files, bubbles: true }));
    })()""")
    until(page, "explorer.picture.settings.look.palette?.length === 3")
    settled(page)
    assert pixels(page) != before


def test_a_link_is_a_bookmark(page, server):
    opened(page, server, SEAHORSE)
    settled(page)
    shown = view(page)
    assert (str(shown["re"]), str(shown["im"])) == ("-0.743643887037158", "0.131825904205311")
    assert value(page, "maxiter") == "600"
    typed(page, "width", "1e-4")
    settled(page)
    link = page.run("location.hash")
    picture = pixels(page)
    page.run("location.hash = '#re=0&im=0&width=3&maxiter=300'")
    until(page, "explorer.picture.view.width === '3'")
    settled(page)
    opened(page, server, link)
    assert view(page)["width"] == Decimal("1e-4")
    until(page, "explorer.picture.canvas.dataset.fine === 'true'")
    assert len(pixels(page)) > 0.8 * len(picture)


def test_a_favourite_is_kept_over_a_visit(page, server):
    click(page, "keep")
    kept = view(page)
    opened(page, server, SEAHORSE)
    assert page.run("document.querySelectorAll('#favourites .pick img').length") == 1
    page.run("document.querySelector('#favourites .pick').click()")
    settled(page)
    assert view(page) == kept
    page.run("document.querySelector('#favourites .drop').click()")
    assert page.run("document.querySelectorAll('#favourites li').length") == 0


def test_what_is_no_number_is_said_and_changes_nothing(page):
    before = view(page)
    width = "A width is a number above 0, such as 1e-12."
    for name, text, said in (
        ("width", "0", width), ("center-re", "east", "That is no number, such as -0.75."), ("width", "-1", width),
    ):  # fmt: skip  # one a line
        typed(page, name, text)
        assert page.run(f"document.getElementById('{name}').ariaInvalid") == "true"
        assert page.run("document.getElementById('status').textContent") == said
        assert view(page) == before
        typed(page, name, str(before[name.removeprefix("center-")]))
        assert page.run(f"document.getElementById('{name}').ariaInvalid") != "true"


def test_a_view_that_the_server_refuses_is_left_again(page):
    typed(page, "center-re", "2000")
    until(page, "document.getElementById('status').textContent.includes('view.re')")
    settled(page)
    assert view(page)["re"] == Decimal("-0.5")


def test_a_phone_has_a_sheet_and_large_buttons(page, server):
    size = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    page.call("Emulation.setDeviceMetricsOverride", **size)
    try:
        opened(page, server)
        assert page.run("document.getElementById('panel').getBoundingClientRect().top") > 560
        click(page, "fold")
        box = page.run("document.getElementById('panel').getBoundingClientRect().toJSON()")
        assert box["top"] > 240
        assert box["right"] <= 390
        assert page.run(
            "[...document.querySelectorAll('#panel button, #panel input')]"
            ".filter((each) => each.offsetParent && each.type !== 'checkbox')"
            ".every((each) => each.offsetHeight >= 40)"
        )
        assert page.run("document.documentElement.scrollWidth") <= 390
    finally:
        desk = {**size, "width": COLUMNS, "height": ROWS, "mobile": False}
        page.call("Emulation.setDeviceMetricsOverride", **desk)


def test_everything_has_a_name_for_a_screen_reader(page):
    click(page, "tab-look")
    tree = page.call("Accessibility.getFullAXTree")["nodes"]
    for node in tree:
        role = node.get("role", {}).get("value")
        if node.get("ignored") or role not in ("button", "textbox", "combobox", "slider", "tab"):
            continue
        assert node.get("name", {}).get("value"), node


def test_the_screen_shows_the_picture_beside_the_panel(page):
    picture = page.screenshot()
    assert picture.shape == (ROWS, COLUMNS, 3)
    buffer = io.BytesIO()
    iio.imwrite(buffer, picture, extension=".png")
    assert len(buffer.getvalue()) > 50_000
