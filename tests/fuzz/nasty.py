"""Values that have broken readers of files: put where a good value stood."""

DIGITS = "9" * 5000

NUMBERS = (
    "0", "-0", "-1", "1e5", "1e-5000", "1e999999999", "1e-999999999", "1e1000000", "0e999999999",
    "0e-999999999", "1e9999999999999", "nan", "NaN", ".nan", "-nan", "sNaN", "inf", ".inf", "-inf",
    "Infinity", "1e308", "-1e308", "1e309", "1e-308", "5e-324", "255", "256", "-256", "65536",
    "2147483647", "2147483648", "4294967296", "9223372036854775808", "18446744073709551616", DIGITS,
    f"-{DIGITS}", f"0.{DIGITS}", f"1e{DIGITS}", "0." + "0" * 5000 + "1", "0x10", "0o17", "017",
    "0b1", "1_000", "1,5", "1:30", "1/0", "1/1e9", "1/3", "30000/1001", "٣", "²", "½", "−1", "+1",
    "--1", "1-", "1e", "e1", ".", "1.", ".5", "1.2.3", "1 2", "1e+", "M", "1^2",
)  # fmt: skip  # a table

WORDS = (
    "", " ", "~", "null", "none", "yes", "no", "on", "off", "true", "false", "auto", "2001-01-01",
    "a", "a" * 5000, "a" * 200_000, "\0", "\x07", "\x1b[31m", "\x1a", "\ufeff", "\u2028", "\x85", "\r",
    "\n", "\t", "\ud800", "\U0001f600", "é", "<<", "*a", "&a", "!!python/object/apply:os.system [id]",
    "!x", "%YAML 9.9", "---", "...", "|", ">", "#", "#ff0000", "@", "`", "'", '"', "\\", "\\\n", "{",
    "}", "[", "]", "(", ")", ":", ": ", "- ", "? ", "=", ";", ",", "../../../etc/passwd", "/dev/zero",
    "/dev/zero.map", "/dev/stdin", "file:///etc/passwd", "http://127.0.0.1:9/", "tcp://127.0.0.1:9",
    "|id", "$(id)", "`id`", "%s%n", "{0}", "{", "con.map", ".map", "..", ".", "~/.map", "a.map",
    "several.ugr", "several.ugr#second", "several.ugr#", "several.ugr#none", "fifo.map", "folder.map",
    "link.map", "x.png", "x.kfr", "gray", "cmo.thermal", "local-cluster", "GIMP Palette",
    "GIMP Gradient", "gradient:", "index=0 color=255", "opacity:", "Colors:", "Re:", "Zoom:",
)  # fmt: skip  # a table

BYTES = (
    b"\0", b"\xff", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xc0\x80", b"\x80", b"\x1a",
    b"\r", b"\n", b"\r\n", b"\t", b"\x0b", b"\x1b]0;x\x07", b"\x7f", b"\xe2\x80\xa8", b"\xc2\x85",
)  # fmt: skip  # a table
