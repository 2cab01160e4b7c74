// Kinds and options as the service itself describes them.
import { signal } from "@preact/signals";
import { get } from "./api";

export interface Property {
    type?: string | string[];
    enum?: string[];
    description?: string;
    minimum?: number;
    maximum?: number;
    pattern?: string;
}

interface Document {
    components: { schemas: Record<string, any> };
}

const loaded = signal<Document | null>(null);
let asked = false;

function document() {
    if (!asked) {
        asked = true;
        get<Document>("openapi.json").then(
            (document) => (loaded.value = document),
            () => (asked = false),
        );
    }
    return loaded.value;
}

const named = (reference: string) => reference.slice(reference.lastIndexOf("/") + 1);

/// The kinds of job there are; none until they are known.
export function kinds(): string[] {
    return Object.keys(document()?.components.schemas.SingleJobRequest.discriminator.mapping ?? {});
}

/// The options of a kind, by name.
export function optionsOf(kind: string): Record<string, Property> {
    const schemas = document()?.components.schemas;
    const request = schemas?.SingleJobRequest.discriminator.mapping[kind];
    if (!schemas || !request) return {};
    const options = schemas[named(request)].properties.options.$ref;
    return schemas[named(options)].properties;
}
