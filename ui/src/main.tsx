// The page begins here.
import "./styles/app.css";
import { render } from "preact";
import { App } from "./app";
import { startHealth } from "./state/health";

startHealth();
render(<App />, document.getElementById("app")!);
