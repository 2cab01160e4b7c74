import { Component, createElement, type ComponentType } from "preact";

/// Draws a component anew only when one of its properties is another, or a signal that it reads.
export function memo<P extends object>(inner: ComponentType<P>) {
    return class extends Component<P> {
        override shouldComponentUpdate(next: P) {
            return Object.keys(next).some(
                (name) => next[name as keyof P] !== this.props[name as keyof P],
            );
        }
        override render() {
            return createElement(inner, this.props);
        }
    };
}
