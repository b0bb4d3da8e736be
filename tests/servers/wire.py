"""What a request is, by AWS's own service models (botocore's), and whether it keeps to them."""

import json
import re
import xml.etree.ElementTree as xml
from functools import cache
from urllib.parse import parse_qsl, unquote, urlsplit

import cbor2
from botocore.validate import ParamValidator
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.utils import get_service_model
from werkzeug.datastructures import Headers, MultiDict

# The name a service signs with, where botocore's folder has another.
MODELS = {"elasticloadbalancing": "elbv2", "elasticfilesystem": "efs", "monitoring": "cloudwatch", "tagging": "resourcegroupstaggingapi"}
# Rust's SDK and botocore use newer protocols than the query form for these.
CBOR = re.compile(r"^/service/[^/]+/operation/([A-Za-z]+)$")


class Request:
    """One request, taken apart."""

    def __init__(self, method, target, headers, body):
        self.method, self.target, self.headers, self.body = method, target, headers, body
        url = urlsplit(target)
        self.path = url.path
        self.query = parse_qsl(url.query, keep_blank_values=True)
        scope = re.search(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/aws4_request", headers.get("Authorization", ""))
        if not scope:
            raise ValueError(f"not signed: {method} {target}")
        self.key, self.region, signed = scope.groups()
        self.service = MODELS.get(signed, signed)
        self.model = get_service_model(self.service)
        self.operation, self.labels = self._operation()
        self.params = self._params()

    @property
    def name(self):
        return f"{self.service}:{self.operation}"

    def _operation(self):
        if found := CBOR.match(self.path):
            return found[1], {}
        if target := self.headers.get("X-Amz-Target"):
            return target.rpartition(".")[2], {}
        if self.model.protocol in ("query", "ec2"):
            return dict(self._form())["Action"], {}
        return self._route()

    def _form(self):
        return parse_qsl(self.body.decode(), keep_blank_values=True)

    def _route(self):
        """REST: the operation whose method, path and fixed query fit; the most fixed one, and none that has a successor."""
        given = dict(self.query)
        # S3's objects are all at one place: where the client says which operation it means, that counts.
        meant = given.get("x-id")
        for _, method, pattern, fixed, name in routes(self.service):
            if meant in self.model.operation_names and meant != name:
                continue
            if method != self.method or not all(given.get(key) == value for key, value in fixed.items()):
                continue
            if found := pattern.match(self.path):
                return name, {key: unquote(value) for key, value in found.groupdict().items()}
        raise ValueError(f"{self.service} has no operation for {self.method} {self.target}")

    def _params(self):
        shape = self.model.operation_model(self.operation)
        if CBOR.match(self.path):
            return cbor2.loads(self.body) if self.body else {}
        protocol = "json" if self.headers.get("X-Amz-Target") else self.model.protocol
        body = unchunked(self.headers, self.body)
        form = self._form() if protocol in ("query", "ec2") else self.query
        return PROTOCOL_PARSERS[protocol](shape).parse(
            {
                "method": self.method,
                "values": MultiDict(form),
                "headers": Headers(list(self.headers.items())),
                "body": body,
                "url_path": self.path,
                "url_params": {labels(self.service)[self.operation][k]: v for k, v in self.labels.items()},
            }
        )

    def told(self):
        """The parameters, without what the model calls sensitive."""
        shape = self.model.operation_model(self.operation).input_shape
        return hidden(self.params, shape) if shape else {}

    def faults(self):
        """What the service's model finds wrong with it."""
        shape = self.model.operation_model(self.operation).input_shape
        if shape is None:
            return []
        report = ParamValidator().validate(self.params, shape)
        found = [report.generate_report()] if report.has_errors() else []
        if self.model.protocol in ("query", "ec2") and not CBOR.match(self.path):
            known = {"Action", "Version"}
            sent = {key for key, _ in self._form()} - known
            found += [f"{key}: no member of {shape.name}" for key in sorted(sent - query_keys(shape, self.model.protocol, sent))]
        return found + list(self._strangers(shape)) + list(strict(self.params, shape, shape.name))

    def _strangers(self, shape):
        """Members of a body that the model does not have: the parsers pass over them."""
        body = unchunked(self.headers, self.body)
        payload = shape.members.get(shape.serialization.get("payload"), shape)
        if not body or CBOR.match(self.path) or payload.type_name not in ("structure", "list"):
            return
        if "json" in self.model.protocol:
            yield from json_strangers(json.loads(body), payload, payload.name)
        elif self.model.protocol == "rest-xml":
            yield from xml_strangers(xml.fromstring(body), payload, payload.name)


def json_strangers(value, shape, where):
    if shape.type_name == "structure":
        members = {member.serialization.get("name", name): member for name, member in shape.members.items()}
        for name, part in value.items():
            if name not in members:
                yield f"{where}.{name}: no member of {shape.name}"
            elif part is not None:
                yield from json_strangers(part, members[name], f"{where}.{name}")
    elif shape.type_name == "list":
        for part in value:
            yield from json_strangers(part, shape.member, where)
    elif shape.type_name == "map":
        for part in value.values():
            yield from json_strangers(part, shape.value, where)


def xml_strangers(element, shape, where):
    if shape.type_name == "structure":
        members = {}
        for name, member in shape.members.items():
            flat = member.type_name == "list" and member.serialization.get("flattened")
            called = member.serialization.get("name") or (flat and member.member.serialization.get("name")) or name
            members[called] = member.member if flat else member
        for child in element:
            name = child.tag.rpartition("}")[2]
            if name not in members:
                yield f"{where}.{name}: no member of {shape.name}"
            else:
                yield from xml_strangers(child, members[name], f"{where}.{name}")
    elif shape.type_name == "list":
        called = shape.member.serialization.get("name", "member")
        for child in element:
            name = child.tag.rpartition("}")[2]
            if name != called:
                yield f"{where}.{name}: a {shape.name} has only {called}"
            yield from xml_strangers(child, shape.member, where)


def hidden(value, shape):
    if shape.metadata.get("sensitive"):
        return "***"
    if shape.type_name == "structure" and isinstance(value, dict):
        return {name: hidden(part, shape.members[name]) if name in shape.members else part for name, part in value.items()}
    if shape.type_name == "list" and isinstance(value, list):
        return [hidden(part, shape.member) for part in value]
    return value


def unchunked(headers, body):
    """The content of an upload in aws-chunked form."""
    if "aws-chunked" not in headers.get("Content-Encoding", ""):
        return body
    content = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        size = int(size.split(b";")[0], 16)
        if size == 0:
            return content
        content, body = content + body[:size], body[size + 2 :]
    return content


@cache
def labels(service):
    """Of each operation: the labels of its path by the names that a pattern may have."""
    found = {}
    model = get_service_model(service)
    for name in model.operation_names:
        path = model.operation_model(name).http.get("requestUri", "/").partition("?")[0]
        found[name] = {f"l{i}": label for i, label in enumerate(label.rstrip("+") for label in re.findall(r"{([^}]+)}", path))}
    return found


@cache
def routes(service):
    """The paths of a REST service: the most fixed first."""
    found = []
    model = get_service_model(service)
    for name in model.operation_names:
        operation = model.operation_model(name)
        path, _, fixed = operation.http.get("requestUri", "/").partition("?")
        if service == "s3":
            path = "/" + path.lstrip("/") if "{Bucket}" in path else path
        count, pattern = 0, ""
        for part in re.split(r"({[^}]+})", path):
            if part.startswith("{"):
                pattern += f"(?P<l{count}>{'.+' if part.endswith('+}') else '[^/]+'})"
                count += 1
            else:
                pattern += re.escape(part)
        query = dict(parse_qsl(fixed, keep_blank_values=True))
        weight = (operation.deprecated, -len(query), -len(re.sub(r"{[^}]+}", "", path)))
        required = operation.input_shape.required_members if operation.input_shape else []
        found.append((weight + (-len(required),), operation.http["method"], re.compile(pattern.rstrip("/") + "/?$"), query, name))
    return sorted(found, key=lambda route: (route[0], route[4]))


def query_keys(shape, protocol, sent):
    """Those of the keys sent that the model has a place for."""
    return {key for key in sent if place(shape, protocol, key.split("."))}


def place(shape, protocol, path):
    if not path:
        return shape.type_name not in ("structure", "map")
    head, rest = path[0], path[1:]
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            if head in wire_names(name, member, protocol) and place(member, protocol, rest):
                return True
        return False
    if shape.type_name == "list":
        if head.isdigit():
            return place(shape.member, protocol, rest)
        return bool(rest) and head in ("member", shape.member.serialization.get("name", "")) and rest[0].isdigit() and place(shape.member, protocol, rest[1:])
    return shape.type_name == "map"


def wire_names(name, member, protocol):
    serialization = member.serialization
    if protocol == "ec2":
        if "queryName" in serialization:
            return {serialization["queryName"]}
        given = serialization.get("name", name)
        return {given[:1].upper() + given[1:]}
    names = {serialization.get("name", name)}
    if member.type_name == "list" and serialization.get("flattened"):
        names.add(member.member.serialization.get("name", name))
    return names


def strict(value, shape, where):
    """Enums, patterns and lengths, which botocore leaves to the service, and members that the model does not have."""
    if shape.type_name == "structure" and isinstance(value, dict):
        for name, member in value.items():
            if name not in shape.members:
                yield f"{where}.{name}: no member of {shape.name}"
            else:
                yield from strict(member, shape.members[name], f"{where}.{name}")
    elif shape.type_name == "list" and isinstance(value, list):
        if "max" in shape.metadata and len(value) > shape.metadata["max"]:
            yield f"{where}: {len(value)} items, {shape.metadata['max']} at most"
        for at, item in enumerate(value):
            yield from strict(item, shape.member, f"{where}[{at}]")
    elif shape.type_name == "map" and isinstance(value, dict):
        for key, item in value.items():
            yield from strict(key, shape.key, f"{where} key {key}")
            yield from strict(item, shape.value, f"{where}.{key}")
    elif shape.type_name == "string" and isinstance(value, str):
        if shape.enum and value not in shape.enum:
            yield f"{where}: {value!r} is none of {shape.enum}"
        if "max" in shape.metadata and len(value) > shape.metadata["max"]:
            yield f"{where}: {len(value)} characters, {shape.metadata['max']} at most"
        if (pattern := shape.metadata.get("pattern")) and (compiled := expression(pattern)) and not compiled.search(value):
            yield f"{where}: {value!r} does not fit {pattern}"
    elif shape.type_name in ("integer", "long") and isinstance(value, int) and not isinstance(value, bool):
        if "max" in shape.metadata and value > shape.metadata["max"]:
            yield f"{where}: {value}, {shape.metadata['max']} at most"


@cache
def expression(pattern):
    """A model's pattern holds for the whole text. None for the few that are of Java and not of Python."""
    for java, python in ((r"\p{L}", r"^\W\d_"), (r"\p{Z}", r"\s"), (r"\p{N}", r"\d"), (r"\p{M}", ""), (r"\p{P}", ""), (r"\p{S}", "")):
        if java in pattern:
            return None
    try:
        return re.compile(rf"\A(?:{pattern})\Z", re.DOTALL)
    except re.error:
        return None
