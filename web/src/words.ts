// What went wrong in plain words, and what to do about it.
import type { Failure } from "./api";

const ADVICE: Record<string, string> = {
    download_failed:
        "Open the input’s address yourself: is it still there, and may anybody read it? Then retry.",
    source_changed:
        "The input became another file while it was read. Retry once it stays as it is.",
    input_blocked:
        "The address belongs to a private network. Start the server with --allow-host for this host if it may be reached.",
    unsupported_media:
        "This is no format that can be read. Convert it first, or check that the address leads to the file and not to a page.",
    corrupt_media: "The file is damaged. Send it again from its origin.",
    no_video_stream: "There is no picture in this file. Choose the kind “audio”.",
    no_audio_stream: "There is no sound in this file.",
    start_out_of_range: "“start” lies behind the end of the input. Choose an earlier one.",
    limit_exceeded:
        "The input is larger than this server allows. Its operator can raise the limit when it is started.",
    encode_failed: "Retry with other options; if it fails again, the input is the likely cause.",
    output_invalid:
        "Our own check of the result failed, and it was thrown away. Please report it, with the input.",
    task_timeout: "It took too long. A smaller size or a lower quality needs less time.",
    task_crashed:
        "The encoder died, and only this job with it. Retry; if it happens again, the input is the cause.",
    upload_failed: "The result could not be stored. Test the connection under Access, then retry.",
    disk_full: "The server has no room left. Delete jobs that are not needed any more, then retry.",
    connection_required: "Add a connection to the bucket under Access, then retry.",
    internal_error: "Something broke on the server’s side: its log says more under the id.",
};

export const adviceFor = (failure: Failure) => ADVICE[failure.kind] ?? "";

const STEPS: Record<string, string> = {
    probe: "Look at the input",
    import: "Fetch",
    export: "Store",
    video: "Encode video",
    audio: "Encode sound",
    image: "Make image",
    animation: "Make animation",
    adaptive_video: "Encode stream",
};

export const stepName = (kind: string) => STEPS[kind] ?? kind;

export const kindOfFailure = (kind: string) => kind.replace(/_/g, " ");
