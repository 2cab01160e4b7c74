"""What `./dev lint` looks with would itself be noticed if it were blind."""
import sys

import cli

sys.path.append(str(cli.ROOT / "scripts"))
import check_length


def too_long(text):
    return [line.split(":", 2)[2].strip() for line in
            check_length.long_blocks("src/a.cpp", text.splitlines())]


def test_long_functions_and_classes_of_any_form_are_found():
    body = "        go();\n" * 61
    assert too_long("int run(\n    int a,\n    int b\n) {\n" + body + "}\n") == [
        "61 lines, at most 60: int run("]
    assert too_long("int run() {\n" + body[14:] + "}\n") == []
    in_class = ("class A : public B {\npublic:\n    A(int a)\n        : a_(a),\n          b_(a) {\n"
                + body + "    }\n\n    void run() const override {\n" + body + "    }\n};\n")
    assert too_long(in_class) == ["61 lines, at most 60: A(int a)",
                                  "61 lines, at most 60: void run() const override {"]
    assert too_long("class A {\n" + "    int a = 0;\n" * 301 + "};\n") == [
        "301 lines, at most 300: class A {"]
    assert too_long("constexpr std::array kRows = {\n" + "    1,\n" * 400 + "};\n") == []
