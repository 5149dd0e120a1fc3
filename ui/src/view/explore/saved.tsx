// Searches with a name: to keep one, to go back to one.
import { useState } from "preact/hooks";
import { Menu } from "../parts";
import { Icon } from "../icons";
import { plain } from "../../lib/text";
import { query } from "../../state/explore";
import { forget, open, save, saved } from "../../state/saved";

export function SavedSearches() {
  return <Menu icon="star" label="Saved searches" right wide>{(close) => <Body close={close} />}</Menu>;
}

function Body({ close }: { close: () => void }) {
  const [name, setName] = useState("");
  return (
    <div class="saved-menu">
      <form onSubmit={(event) => { event.preventDefault(); save(name); setName(""); }}>
        <input type="text" aria-label="Name of this search" placeholder={query.value ? plain(query.value).slice(0, 60) : "Name of this search"} value={name} onInput={(event) => setName(event.currentTarget.value)} />
        <button type="submit" class="button main">Save</button>
      </form>
      {saved.value.length === 0 && <p class="faint">None yet. A saved search keeps its words, how far it looks back, and its columns, in this browser.</p>}
      <ul>
        {saved.value.map((one) => (
          <li key={one.name}>
            <button type="button" class="item" onClick={() => { open(one); close(); }}>
              <span class="clip">{plain(one.name)}</span><span class="faint mono clip">{one.q === one.name ? "" : plain(one.q)}{one.last && ` ${one.last}`}</span>
            </button>
            <button type="button" class="button ghost square tiny" aria-label={`Forget ${one.name}`} onClick={() => forget(one.name)}><Icon name="close" /></button>
          </li>
        ))}
      </ul>
    </div>
  );
}
