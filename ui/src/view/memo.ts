// A component that is drawn again only when one of its properties is another one.
import { Component, type ComponentChild } from "preact";

export function memo<P extends object>(draw: (props: P) => ComponentChild) {
  return class extends Component<P> {
    override shouldComponentUpdate(next: Readonly<P>): boolean {
      const mine = this.props as Record<string, unknown>;
      const theirs = next as Record<string, unknown>;
      for (const name in theirs) if (mine[name] !== theirs[name]) return true;
      return false;
    }
    override render() {
      return draw(this.props);
    }
  };
}
