"""Writes a Python client, of the standard library alone, from an OpenAPI document: generate_client.py openapi.json client.py

The module that comes out has a class with one method for each operation. Parameters and the properties of a JSON body are
named arguments; what may be left out has a default. It knows nothing of the server but what the document says.
"""

import json
import keyword
import re
import sys
import textwrap

JSON = "application/json"
NDJSON = "application/x-ndjson"

MODULE = '''
from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator
from typing import Any, Literal

LEFT_OUT: Any = object()
"""The value of arguments that are not sent."""


class ApiError(Exception):
    """What the server refused, and why."""

    def __init__(self, status: int, error: dict[str, Any]) -> None:
        super().__init__(error["message"])
        self.status = status
        self.code: str = error["code"]


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not LEFT_OUT}


def _segment(value: str) -> str:
    return urllib.parse.quote(value, safe="")


def _address(path: str, query: dict[str, Any]) -> str:
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in _given(query).items()}
    return f"{path}?{urllib.parse.urlencode(texts)}" if texts else path


def _lines(items: Iterable[Any]) -> bytes:
    return b"".join(json.dumps(item).encode() + b"\\n" for item in items)


def _items(reply: Any) -> Iterator[Any]:
    with reply:
        for line in reply:
            if not line.strip():
                continue
            item = json.loads(line)
            if set(item) == {"error"}:
                raise ApiError(reply.status, item["error"])
            yield item


class Client:
    """A server, at an address such as http://localhost:7700."""

    def __init__(self, url: str, key: str | None = None) -> None:
        self._url = url
        self._key = key

    def _open(self, method: str, address: str, accept: str, headers: dict[str, Any], body: bytes | None) -> Any:
        request = urllib.request.Request(self._url + address, body, method=method)
        for name, value in {**_given(headers), "Accept": accept}.items():
            request.add_header(name, value)
        if self._key is not None:
            request.add_header("Authorization", f"Bearer {self._key}")
        try:
            return urllib.request.urlopen(request)
        except urllib.error.HTTPError as error:
            raise ApiError(error.code, json.load(error)["error"]) from None
'''


def python_name(name):
    """snake_case, and never a word of the language."""
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    name = re.sub(r"\W+", "_", name).lower()
    return name + "_" if keyword.iskeyword(name) else name


def type_of(schema):
    """The annotation of a value."""
    for many in ("anyOf", "oneOf"):
        if many in schema and "type" not in schema:
            return " | ".join(dict.fromkeys(type_of(each) for each in schema[many]))
    if "enum" in schema or "const" in schema:
        values = schema["enum"] if "enum" in schema else [schema["const"]]
        return f"Literal[{', '.join(repr(value) for value in values)}]"
    kind = schema.get("type")
    if kind == "array":
        return f"list[{type_of(schema['items']) if isinstance(schema.get('items'), dict) else 'Any'}]"
    if kind == "object":
        values = {} if schema.get("properties") else schema.get("additionalProperties")
        return f"dict[str, {type_of(values) if isinstance(values, dict) else 'Any'}]"
    return {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}.get(kind, "Any")


class Argument:
    def __init__(self, name, place, schema, required, says):
        self.name = name
        self.python = python_name(name)
        self.place = place
        self.type = type_of(schema)
        self.required = required
        self.says = says or schema.get("description", "")

    @property
    def declared(self):
        return f"{self.python}: {self.type}" + ("" if self.required else " = LEFT_OUT")


def arguments_of(operation):
    """All that an operation takes, the parts of a JSON body in place of parameters that say the same."""
    content = operation.get("requestBody", {}).get("content", {})
    body = content.get(JSON, {}).get("schema", {})
    required = body.get("required", [])
    arguments = [
        Argument(name, "body", schema, name in required, "") for name, schema in body.get("properties", {}).items()
    ]
    if content and JSON not in content:
        if NDJSON not in content:
            raise SystemExit(f"{operation['operationId']}: nothing is known of bodies of {', '.join(content)}")
        rows = Argument("rows", "lines", {}, True, "What is sent, one after another.")
        rows.type = "Iterable[Any]"
        arguments.append(rows)
    taken = {argument.python for argument in arguments}
    for parameter in operation.get("parameters", []):
        place, says = parameter["in"], parameter.get("description", "")
        given = Argument(parameter["name"], place, parameter["schema"], parameter.get("required", False), says)
        if given.python not in taken:
            arguments.append(given)
        elif place != "query":
            raise SystemExit(f"{operation['operationId']}: two arguments have the name {given.python}")
    return arguments


def reply_of(operation):
    """The annotation of what comes back, its media type, and how it is read."""
    content = operation["responses"]["200"]["content"]
    if JSON in content:
        return type_of(content[JSON]["schema"]), JSON, "json.load(reply)"
    if NDJSON in content:
        return "Iterator[Any]", NDJSON, "_items(reply)"
    return "str", next(iter(content)), "reply.read().decode()"


def docstring(operation, arguments):
    paragraphs = [operation["summary"] + ".", *operation.get("description", "").split("\n\n")]
    text = "\n\n".join(textwrap.fill(paragraph, 100, break_on_hyphens=False) for paragraph in paragraphs if paragraph)
    said = [f"{argument.python}: {argument.says}" for argument in arguments if argument.says]
    lines = [textwrap.fill(line, 100, subsequent_indent="    ", break_on_hyphens=False) for line in said]
    text = "\n".join([text, "", *lines] if lines else [text])
    return '"""' + text.replace("\\", "\\\\").replace('"""', "'''") + '\n"""'


def dictionary(arguments, place, more=()):
    values = [f"{argument.name!r}: {argument.python}" for argument in arguments if argument.place == place]
    return "{" + ", ".join([*more, *values]) + "}"


def method_of(verb, path, operation):
    arguments = sorted(arguments_of(operation), key=lambda each: (each.place != "path", not each.required))
    positional = [each.declared for each in arguments if each.place == "path"]
    named = [each.declared for each in arguments if each.place != "path"]
    for each in arguments:
        if each.place == "path":
            path = path.replace("{" + each.name + "}", "{_segment(" + each.python + ")}")
    places = {each.place for each in arguments}
    type_, accept, read = reply_of(operation)
    media = [f"'Content-Type': {NDJSON if 'lines' in places else JSON!r}"] if places & {"lines", "body"} else []
    body = "None"
    if "lines" in places:
        body = "_lines(rows)"
    elif "body" in places:
        body = f"json.dumps(_given({dictionary(arguments, 'body')})).encode()"
    signature = "".join(f"    {each},\n" for each in ["self", *positional, *(["*", *named] if named else [])])
    code = [
        f"def {python_name(operation['operationId'])}(\n{signature}) -> {type_}:",
        textwrap.indent(docstring(operation, arguments), "    "),
        f"    address = _address(f{path!r}, {dictionary(arguments, 'query')})",
        f"    headers = {dictionary(arguments, 'header', media)}",
        f"    body = {body}",
        f"    reply = self._open({verb.upper()!r}, address, {accept!r}, headers, body)",
        *([f"    return {read}"] if read == "_items(reply)" else ["    with reply:", f"        return {read}"]),
    ]
    return textwrap.indent("\n".join(code), "    ")


def module_of(document):
    methods = [
        method_of(verb, path, operation)
        for path, verbs in document["paths"].items()
        for verb, operation in verbs.items()
    ]
    title, version = document["info"]["title"], document["info"]["version"]
    opening = f'"""{title} {version}. Generated from its OpenAPI document: changes will be lost."""\n'
    return opening + MODULE + "".join(f"\n{method}\n" for method in methods)


def main(document, module):
    with open(document, encoding="utf-8") as source:
        text = module_of(json.load(source))
    with open(module, "w", encoding="utf-8") as target:
        target.write(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
