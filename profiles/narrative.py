"""Narrative and report pages as XHTML in which every text is escaped (R4 narrative.html)."""

import base64
import hashlib
from html import escape
from typing import Any


def paragraphs(text: str) -> str:
    """One paragraph per line."""
    return "".join(f"<p>{escape(line)}</p>" for line in text.splitlines() if line)


def narrative(text: str) -> dict[str, Any]:
    """``Narrative`` of plain text."""
    div = f'<div xmlns="http://www.w3.org/1999/xhtml">{paragraphs(text)}</div>'
    return {"status": "generated", "div": div}


def html_attachment(html: str, title: str) -> dict[str, Any]:
    """``Attachment`` of an HTML document."""
    return {"language": "en", **attachment("text/html", html, title)}


def attachment(content_type: str, text: str, title: str) -> dict[str, Any]:
    """``Attachment`` of a text with its size and SHA-1 (R4 datatypes.html#Attachment)."""
    content = text.encode()
    return {
        "contentType": content_type,
        "data": base64.b64encode(content).decode(),
        "size": len(content),
        "hash": base64.b64encode(hashlib.sha1(content, usedforsecurity=False).digest()).decode(),
        "title": title,
    }


def page(title: str, body: str) -> str:
    """A complete HTML document that needs nothing from outside."""
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"/>'
        f"<title>{escape(title)}</title><style>body{{font:16px/1.5 sans-serif;max-width:52em;"
        "margin:2em auto;padding:0 1em;color:#1a1a1a}h1{font-size:1.5em}h2{font-size:1.1em;"
        "border-bottom:1px solid #ccc;margin-top:1.6em}table{border-collapse:collapse;width:100%}"
        "td,th{text-align:left;padding:.35em .7em;border-bottom:1px solid #ddd}"
        "img{max-width:100%;background:#000}.warn{background:#fff3cd;border-left:4px solid #e0a800;"
        f"padding:.5em 1em}}</style></head><body>{body}</body></html>"
    )
