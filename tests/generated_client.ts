// What users of a generated client write. It is type-checked against our document, never run.
import createClient from "openapi-fetch";
import type { components, paths } from "./ittybit.js";

type Schemas = components["schemas"];

const api = createClient<paths>({ baseUrl: "http://127.0.0.1:8080" });
const input = "https://example.com/holiday.mov";

const metadata = { a: 1, order: { id: "x", tags: ["one", null, true] } };
const poster: Schemas["ImageJobRequest"] = {
    kind: "image", input, options: { width: 320 }, metadata,
};
const stream: Schemas["AdaptiveVideoOptions"] = {};

export async function createAndPoll(): Promise<string> {
  const made = await api.POST("/jobs", { body: { kind: "video", input, metadata: { a: 1 } } });
  if (made.error) throw new Error(`${made.error.kind}: ${made.error.message}`);
  const note: unknown = made.data.metadata.a;
  const id: string = made.data.id;
  const { data } = await api.GET("/jobs/{id}", { params: { path: { id } } });
  if (data?.status === "failed") throw new Error(data.error?.message ?? `${note}`);
  return data?.output ?? "";
}

export async function others(): Promise<void> {
  await api.POST("/jobs", { body: poster });
  await api.POST("/jobs", {
    body: { kind: "video", input, options: { width: "50%", quality: "high", no_audio: true } },
    params: { header: { "Idempotency-Key": "once" } },
  });
  await api.POST("/jobs", { body: { kind: "adaptive_video", input, options: stream } });
  await api.POST("/jobs", { body: { kind: "animation", input, options: { end: 3 } } });
  await api.POST("/jobs/{id}/cancel", { params: { path: { id: "job_x" } } });
  const probe = await api.POST("/tasks", { body: { kind: "probe", input } });
  if (probe.data?.output) {
    await api.POST("/tasks", { body: { kind: "image", input: probe.data.output, metadata } });
  }
  await api.GET("/jobs", { params: { query: { limit: 5, status: "failed" } } });
  await api.POST("/connections", {
    body: {
      kind: "s3", name: "store", access_key_id: "AK", secret_access_key: "hush",
      endpoint: "https://s3.example.com",
    },
  });
}

export function received(body: Schemas["JobEnded"]): boolean {
  return body.type === "job.succeeded" && body.warnings.length === 0;
}

// And what must not compile.
// @ts-expect-error no such kind
export const film: Schemas["JobRequest"] = { kind: "film", input };
// @ts-expect-error no input
export const nothing: Schemas["VideoJobRequest"] = { kind: "video" };
// @ts-expect-error a word that is no quality
export const best: Schemas["VideoOptions"] = { quality: "best" };
// @ts-expect-error an option of another kind
export const loud: Schemas["ImageOptions"] = { no_audio: true };
