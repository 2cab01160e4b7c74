// Drawn in one colour, on 24 by 24.
const PATHS = {
    plus: "M12 5v14M5 12h14",
    check: "M5 12.5l4.5 4.5L19 7.5",
    close: "M6 6l12 12M18 6L6 18",
    copy: "M9 9h10v10H9zM5 15V5h10",
    list: "M8 6h12M8 12h12M8 18h12M4 6h.01M4 12h.01M4 18h.01",
    file: "M13 4H6v16h12V9zM13 4v5h5",
    gauge: "M4 18a8 8 0 1 1 16 0M12 18l4-6",
    key: "M14 10a4 4 0 1 0-3.9 4H13v2h2v2h3v-3l-4.2-4.2z",
    sun: "M12 4V2M12 22v-2M4 12H2M22 12h-2M6 6L4.6 4.6M19.4 19.4L18 18M6 18l-1.4 1.4M19.4 4.6L18 6M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8z",
    moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z",
    search: "M11 5a6 6 0 1 0 0 12 6 6 0 0 0 0-12zM20 20l-4.6-4.6",
    leave: "M14 5H5v14h9M10 12h10M17 9l3 3-3 3",
    retry: "M4 12a8 8 0 1 1 2.5 5.8M4 19v-5h5",
    trash: "M5 7h14M10 7V5h4v2M7 7l1 12h8l1-12",
    stop: "M7 7h10v10H7z",
    open: "M14 5h5v5M19 5l-8 8M18 14v5H5V6h5",
    upload: "M12 16V5M7.5 9.5L12 5l4.5 4.5M5 19h14",
    back: "M15 5l-7 7 7 7",
};

export const Icon = ({ name }: { name: keyof typeof PATHS }) => (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
        <path d={PATHS[name]} />
    </svg>
);
