// The collector wants a token.
import { useState } from "preact/hooks";
import { login, message } from "../api/index";

export function Login() {
  const [token, setToken] = useState("");
  const [wrong, setWrong] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async () => {
    setBusy(true);
    try {
      await login(token.trim());
      location.reload();
    } catch (error) {
      setWrong(message(error));
    }
    setBusy(false);
  };
  return (
    <main id="page" tabIndex={-1} class="login">
      <form onSubmit={(event) => { event.preventDefault(); void submit(); }}>
        <h1>This collector asks for a token</h1>
        <p class="faint">Whoever runs it made one with <code>catchment token new</code>. It is kept in a cookie until the browser is closed.</p>
        <label>Token <input type="password" autocomplete="current-password" value={token} onInput={(event) => setToken(event.currentTarget.value)} autofocus /></label>
        {wrong && <p class="bad" role="alert">{wrong}</p>}
        <button type="submit" class="button main" disabled={busy || token.trim() === ""}>Let me in</button>
      </form>
    </main>
  );
}
