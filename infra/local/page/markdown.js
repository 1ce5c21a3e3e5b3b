// The part of Markdown that text widgets, descriptions and the runbook use: heads, paragraphs, lists, tables, code, bold,
// links. Everything becomes text of an element, so that nothing in it can act; links lead to this machine and https only.

function element(name, ...children) {
  const made = document.createElement(name);
  made.append(...children);
  return made;
}

const INLINE = /`([^`]+)`|\*\*([^*]+)\*\*|\[([^\]]+)\]\(([^)\s]+)\)/g;

function linked(text, address) {
  const link = element("a", ...inline(text));
  if (/^(https:\/\/|\/|#)/.test(address)) link.href = address;
  return link;
}

function inline(text) {
  const parts = [];
  let done = 0;
  for (const found of text.matchAll(INLINE)) {
    parts.push(text.slice(done, found.index));
    const [whole, code, bold, label, address] = found;
    if (code !== undefined) parts.push(element("code", code));
    else if (bold !== undefined) parts.push(element("strong", ...inline(bold)));
    else parts.push(linked(label, address));
    done = found.index + whole.length;
  }
  parts.push(text.slice(done));
  return parts;
}

function head(line) {
  const [, marks, text] = line.match(/^(#{1,6})\s+(.*)$/);
  const made = element(`h${Math.min(marks.length + 1, 6)}`, ...inline(text));
  made.id = text.trim();
  return made;
}

function table(lines) {
  const cells = (line) => line.trim().replace(/^\||\|$/g, "").split("|").map((cell) => cell.trim());
  const row = (line, name) => element("tr", ...cells(line).map((cell) => element(name, ...inline(cell))));
  return element("table", row(lines[0], "th"), ...lines.slice(2).map((line) => row(line, "td")));
}

function list(lines) {
  const items = [];
  for (const line of lines) {
    const begun = line.match(/^\s*(?:[-*]|\d+\.)\s+(.*)$/);
    if (begun) items.push(begun[1]);
    else items[items.length - 1] += ` ${line.trim()}`;
  }
  const name = /^\s*\d+\./.test(lines[0]) ? "ol" : "ul";
  return element(name, ...items.map((item) => element("li", ...inline(item))));
}

function paragraph(lines) {
  const parts = lines.flatMap((line, number) => (number ? [element("br"), ...inline(line)] : inline(line)));
  return element("p", ...parts);
}

function block(lines) {
  if (lines[0].startsWith("```")) return element("pre", lines.slice(1, -1).join("\n"));
  if (/^\s*(?:[-*]|\d+\.)\s/.test(lines[0])) return list(lines);
  if (lines[0].startsWith("|")) return table(lines);
  return paragraph(lines);
}

export function rendered(text) {
  const made = document.createDocumentFragment();
  let lines = [];
  const end = () => {
    if (lines.length) made.append(block(lines));
    lines = [];
  };
  for (const line of text.split("\n")) {
    const inside = lines[0]?.startsWith("```");
    if (!inside && /^#{1,6}\s/.test(line)) {
      end();
      made.append(head(line));
    } else if (!inside && !line.trim()) {
      end();
    } else {
      if (!inside && line.startsWith("```")) end();
      lines.push(line);
      if (inside && line.startsWith("```")) end();
    }
  }
  end();
  return made;
}
