"""The plugin that OpenCode loads at launch: notes what it says of itself, and hands over answers to its permissions.

It is passed by an environment variable beside the user's own configuration, of which nothing is changed.
"""

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from coordinator.agents.hooks import STATUS, write_hook
from coordinator.agents.leave import A_DAY, COMMANDS, SERVER
from coordinator.lazy import regex
from coordinator.lazy.typing import Any
from coordinator.safefiles.regular import replace_file
from coordinator.secrets.redaction import redact

MESSAGES = "opencode.jsonl"
"""What each message of the agent used."""
_PLUGIN_NAME = "coord-plugin.js"
_LEAVE_NAME = "coord-leave.js"
_SECRET = regex.compile(r"key|token|secret|passw|authorization|cookie|credential", re.IGNORECASE)
_PLACE = regex.compile(r"\{(?:env|file):[^{}]*\}|")

_PLUGIN = """\
// Notes what OpenCode says of itself. Written by coord: nothing of it is understood here, that is for whoever reads.
import {{ spawn }} from "node:child_process"
import {{ appendFileSync, rmSync }} from "node:fs"

const directory = {directory}
const cut = (text) => String(text ?? "").slice(0, 400)

const append = (name, value) => {{
  try {{
    appendFileSync(`${{directory}}/${{name}}`, JSON.stringify(value) + "\\n", {{ mode: 0o600 }})
  }} catch {{}}
}}
const note = (hook) => append("{status}", {{ at: new Date().toISOString(), ask: "", hook }})

export const Coord = async ({{ client }}) => {{
  const children = new Set()
  const asked = []
  let failed = false
  let asking

  const next = () => {{
    if (asking || !asked.length) return
    const question = asked[0]
    const hook = spawn("sh", [{hook}, "ask", JSON.stringify(question.hook)], {{ stdio: ["ignore", "pipe", "ignore"] }})
    asking = {{ hook, id: question.id }}
    let answer = ""
    hook.stdout.on("data", (data) => (answer += data))
    hook.on("error", () => {{}})
    hook.on("close", async () => {{
      try {{
        const {{ behavior }} = JSON.parse(answer).hookSpecificOutput.decision
        await client.postSessionIdPermissionsPermissionId({{
          path: {{ id: question.session, permissionID: question.id }},
          body: {{ response: behavior === "allow" ? "once" : "reject" }},
        }})
      }} catch {{}}
    }})
  }}
  const settled = (id) => {{
    const place = asked.findIndex((question) => question.id === id)
    if (place >= 0) asked.splice(place, 1)
    if (asking?.id === id) {{
      asking.hook.kill("SIGKILL")
      rmSync(`${{directory}}/ask-${{asking.hook.pid}}`, {{ force: true }})
      asking = undefined
    }}
    next()
  }}

  const take = {{
    "session.created": ({{ info }}) => info.parentID && children.add(info.id),
    "session.status": ({{ sessionID, status }}) => {{
      if (children.has(sessionID)) return
      if (status.type === "busy") failed = false
      if (status.type === "idle" && failed) return
      note({{ type: status.type, message: cut(status.message), next: status.next }})
    }},
    "session.error": ({{ sessionID, error }}) => {{
      if (children.has(sessionID)) return
      failed = true
      note({{ type: "error", name: cut(error?.name), message: cut(error?.data?.message) }})
    }},
    "permission.asked": ({{ id, sessionID, permission, patterns, metadata }}) => {{
      const wish = metadata?.command ?? metadata?.filepath ?? metadata?.url ?? patterns?.join(" ")
      const hook = {{ type: "permission", permission: cut(permission), wish: cut(wish) }}
      asked.push({{ id, session: sessionID, hook }})
      next()
    }},
    "permission.replied": ({{ requestID, permissionID }}) => {{
      note({{ type: "busy" }})
      settled(requestID ?? permissionID)
    }},
    "question.asked": ({{ questions }}) => note({{ type: "question", message: cut(questions?.[0]?.question) }}),
    "question.replied": () => note({{ type: "busy" }}),
    "question.rejected": () => note({{ type: "busy" }}),
    "message.updated": ({{ info }}) => {{
      if (info.role !== "assistant" || !info.time?.completed) return
      const {{ id, tokens, cost }} = info
      append("{messages}", {{ timestamp: info.time.completed, type: "message", id, tokens, cost }})
    }},
  }}
  return {{
    event: async ({{ event }}) => {{
      try {{
        take[event.type]?.(event.properties)
      }} catch {{}}
    }},
    dispose: async () => asking?.hook.kill("SIGKILL"),
  }}
}}
"""


_LEAVE = """\
// Lets OpenCode run what coord itself needs, where its settings would have it ask. Written by coord.
const commands = {commands}
const server = {server}

// As OpenCode does it: the last rule that fits counts, and what no rule is about is allowed.
const fits = (pattern, text) => {{
  let source = pattern.replace(/[.+^${{}}()|[\\]\\\\]/g, "\\\\$&").replace(/\\*/g, ".*").replace(/\\?/g, ".")
  if (source.endsWith(" .*")) source = source.slice(0, -3) + "( .*)?"
  return new RegExp("^" + source + "$", "s").test(text)
}}
const decided = (rules, permission, text, before) => {{
  let action = before
  for (const [name, given] of Object.entries(rules))
    for (const [pattern, one] of Object.entries(typeof given === "string" ? {{ "*": given }} : given ?? {{}}))
      if (fits(name, permission) && fits(pattern, text)) action = one
  return action
}}
const extended = (given, before) => {{
  const rules = typeof given === "string" ? {{ "*": given }} : {{ ...given }}
  const added = {{}}
  for (const command of commands) {{
    const base = decided(rules, "bash", `${{command}} x`, decided(before, "bash", `${{command}} x`, "allow"))
    if (base === "allow") continue
    added[`${{command}} *`] = "allow"
    added[`${{command}} *>*`] = base // what it prints is written to a file
    added[`${{command}} *<*`] = base
  }}
  // a key that nobody else uses, behind all others: those that are there keep their order, which counts
  if (Object.keys(added).length) rules["bash**"] = added
  if (server) rules[`${{server}}_*`] = "allow"
  return rules
}}

export const CoordLeave = async () => ({{
  config: async (config) => {{
    const given = config.permission ?? {{}}
    const before = typeof given === "string" ? {{ "*": given }} : given
    config.permission = extended(given, {{}})
    for (const agent of Object.values(config.agent ?? {{}}))
      if (agent?.permission) agent.permission = extended(agent.permission, before)
  }},
}})
"""


def _holds_secret(value: object, name: str = "") -> bool:
    """Whether a text stands under a name such as `apiKey`, and isn't the place of one: `{env:NAME}`, `{file:PATH}`."""
    if isinstance(value, dict):
        return any(_holds_secret(inner, str(key)) for key, inner in value.items())
    if isinstance(value, list):
        return any(_holds_secret(inner, name) for inner in value)
    return isinstance(value, str) and _SECRET.search(name) is not None and not _PLACE.fullmatch(value)


def with_plugin(
    directory: Path, environ: Mapping[str, str], server: Sequence[str] = (), *, reports: bool = True
) -> dict[str, str]:
    """Write the plugins of an attempt; the environment that makes OpenCode load them, and start coord's MCP server.

    `server` are the words that start it; none: there is none. `reports`: it tells what it does, and takes answers.
    Empty when its configuration is given by that variable already, in a form that nothing can be added to, or with a
    secret: it would be written down where the agent is launched. The agent has that variable all the same.
    """
    values: dict[str, Any] = {}
    if given := environ.get("OPENCODE_CONFIG_CONTENT"):
        try:
            values = json.loads(given)
            plugins, servers = values.get("plugin", []), values.get("mcp", {})
        except (ValueError, AttributeError, RecursionError):
            return {}
        usable = isinstance(plugins, list) and isinstance(servers, dict)
        if not usable or redact(given) != given or _holds_secret(values):
            return {}
    else:
        plugins, servers = [], {}
    own = {}
    if reports:
        where, hook = json.dumps(str(directory)), json.dumps(str(write_hook(directory)))
        own[_PLUGIN_NAME] = _PLUGIN.format(directory=where, hook=hook, status=STATUS, messages=MESSAGES)
    own[_LEAVE_NAME] = _LEAVE.format(commands=json.dumps(COMMANDS), server=json.dumps(SERVER if server else ""))
    for name, text in own.items():
        replace_file(directory / name, os.fsencode(text))
    values["plugin"] = [*plugins, *((directory / name).as_uri() for name in own)]
    if server:
        started = {"type": "local", "command": list(server), "enabled": True, "timeout": A_DAY * 1000}
        values["mcp"] = {**servers, SERVER: started}
    return {"OPENCODE_CONFIG_CONTENT": json.dumps(values)}
