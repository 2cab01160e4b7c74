// Light or dark: as the system, until somebody chooses.
import { computed, effect, signal } from "@preact/signals";

type Theme = "light" | "dark";

const STORED = "ittybit-theme";
const system = matchMedia("(prefers-color-scheme: dark)");
const ofSystem = signal<Theme>(system.matches ? "dark" : "light");
const chosen = signal(localStorage.getItem(STORED) as Theme | null);

system.addEventListener("change", () => (ofSystem.value = system.matches ? "dark" : "light"));

export const theme = computed(() => chosen.value ?? ofSystem.value);
effect(() => void (document.documentElement.dataset.theme = theme.value));

export function toggleTheme() {
    chosen.value = theme.peek() === "dark" ? "light" : "dark";
    localStorage.setItem(STORED, chosen.value);
}
