// Short notes at the bottom of the page: what was copied, what failed.
import { signal } from "./signals";

export interface Note {
  id: number;
  text: string;
  bad: boolean;
}

const NOTES_MAX = 3;
const SHOWN_MS = 4000;
let next = 1;

export const notes = signal<Note[]>([]);

export function note(text: string, bad = false): void {
  const id = next++;
  notes.value = [...notes.value, { id, text, bad }].slice(-NOTES_MAX);
  setTimeout(() => { notes.value = notes.value.filter((each) => each.id !== id); }, bad ? 2 * SHOWN_MS : SHOWN_MS);
}

export async function copy(text: string, what: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    note(`Copied ${what}`);
  } catch {
    // Not over plain HTTP beyond loopback: the old way still works there.
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "off-screen";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    note(done ? `Copied ${what}` : "The browser does not let the page copy", !done);
  }
}
