"""A strict reader of Prometheus' text format 0.0.4: it refuses whatever Prometheus or promtool would complain about."""
import math
import re

NAME = re.compile(r"[a-z_][a-z0-9_]*")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\n"])*)"')
NOT_BASE_UNITS = re.compile(r"_(ms|milliseconds|us|microseconds|ns|minutes|hours|kb|mb|kib|mib|kilobytes|megabytes)(_|$)")
TYPES = ("counter", "gauge", "histogram")


class Wrong(Exception):
    pass


def labels_of(text):
    found, at = {}, 0
    while at < len(text):
        match = LABEL.match(text, at)
        if not match:
            raise Wrong(f"labels {text!r}")
        if match[1] in found:
            raise Wrong(f"label {match[1]} twice in {text!r}")
        found[match[1]] = re.sub(r'\\([\\n"])', lambda escape: "\n" if escape[1] == "n" else escape[1], match[2])
        at = match.end()
        if at < len(text):
            if text[at] != "," or at + 1 == len(text):
                raise Wrong(f"labels {text!r}")
            at += 1
    return found


def family_of(name, kind):
    if kind == "histogram":
        for end in ("_bucket", "_sum", "_count"):
            if name.endswith(end):
                return name[:-len(end)]
    return name


def check_histogram(name, samples):
    series = {}
    for sample, labels, value in samples:
        key = tuple(sorted((k, v) for k, v in labels.items() if k != "le"))
        series.setdefault(key, {"buckets": []})
        if sample.endswith("_bucket"):
            series[key]["buckets"].append((float(labels["le"]), value))
        else:
            series[key][sample[len(name):]] = value
    for key, one in series.items():
        bounds = [bound for bound, _ in one["buckets"]]
        counts = [count for _, count in one["buckets"]]
        if bounds != sorted(set(bounds)) or not bounds or bounds[-1] != math.inf or counts != sorted(counts):
            raise Wrong(f"buckets of {name} {key}")
        if one["_count"] != counts[-1] or "_sum" not in one:
            raise Wrong(f"count or sum of {name} {key}")


def check_name(name, kind):
    if not NAME.fullmatch(name):
        raise Wrong(f"name {name}")
    if (kind == "counter") != name.endswith("_total"):
        raise Wrong(f"{name} is a {kind}")
    if kind in name.split("_"):
        raise Wrong(f"{name} has its type in its name")
    if NOT_BASE_UNITS.search(name):
        raise Wrong(f"{name} is not in a base unit")


def parse(text):
    """{family: {"type", "help", "samples": [(name, labels, value)]}}"""
    families, current = {}, None
    if not text.endswith("\n"):
        raise Wrong("the last line has no end")
    for line in text[:-1].split("\n"):
        if line.startswith("# HELP "):
            name, _, sentence = line[7:].partition(" ")
            if name in families or not sentence:
                raise Wrong(f"second or empty help: {line}")
            current = name
            families[name] = {"help": sentence, "type": None, "samples": []}
        elif line.startswith("# TYPE "):
            name, kind = line[7:].split(" ")
            if name != current or families[name]["type"] or kind not in TYPES:
                raise Wrong(f"type without help before it: {line}")
            families[name]["type"] = kind
            check_name(name, kind)
        else:
            match = re.fullmatch(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)", line)
            if not match or current is None or not families[current]["type"]:
                raise Wrong(f"line {line!r}")
            kind = families[current]["type"]
            if family_of(match[1], kind) != current:
                raise Wrong(f"{match[1]} stands below {current}")
            labels, value = labels_of(match[2] or ""), float(match[3])
            if ("le" in labels) != match[1].endswith("_bucket") or "quantile" in labels:
                raise Wrong(f"line {line!r}")
            if kind == "counter" and value < 0 or math.isnan(value):
                raise Wrong(f"line {line!r}")
            if any((match[1], labels) == (name, known) for name, known, _ in families[current]["samples"]):
                raise Wrong(f"twice: {line}")
            families[current]["samples"].append((match[1], labels, value))
    for name, family in families.items():
        if family["type"] == "histogram":
            check_histogram(name, family["samples"])
    return families


def value(families, name, **labels):
    """The one value with these labels among its own."""
    found = [value for sample, own, value in families[name]["samples"] if labels.items() <= own.items()]
    if len(found) != 1:
        raise Wrong(f"{len(found)} values of {name} {labels}")
    return found[0]
