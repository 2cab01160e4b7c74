#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/api_key.h"
#include "model/order.h"

namespace ittybit::store {

/// A job with what users do not see of it.
struct JobRecord {
    Job job;
    Order order;                 // what was asked for
    bool is_task = false;        // a standalone task: the job stays hidden behind its one task
    std::string base_url;        // in front of our own files, as its request came in
    std::string key_id;          // of the API key it was made with; only written, never read back
    std::int64_t revision = 1;   // grows with every change of state
    std::int64_t attempt = 0;    // how often a worker has taken it
    std::int64_t uncounted = 0;  // of these, how many were cut off by nobody's fault
    std::string broken;          // what of its row cannot be read and is empty here; "": nothing

    /// How many attempts the job itself has used up.
    std::int64_t tries() const { return attempt - uncounted; }

    /// A new job, or standalone task.
    static JobRecord make(Order order, bool is_task, UnixMillis now);
};

/// A client's promise that two requests are the same one (SPEC: Idempotency).
struct IdempotencyKey {
    std::string route;
    std::string key;
    std::string fingerprint;  // of the whole request
};

/// The answer that a request was first given.
struct Answer {
    std::string location;
    std::string body;
};

/// What a worker holds while it works on a job. Everything it writes is guarded by it.
struct Claim {
    std::string job_id;  // of a piece (store/segments): its own id
    std::string worker;
    std::int64_t attempt = 0;
};

struct Part {
    std::string name;
    std::int64_t size = 0;
};

/// A job as a worker takes it.
struct Claimed {
    Claim claim;
    JobRecord record;
};

/// What of the queue somebody takes: whatever is next, or of what is light (model/weight) alone.
enum class Lane { kAny, kLight };

/// A task's work, in pieces that many encode.
struct Split {
    std::string task_id;
    std::string work;  // all that they have in common, as its worker wrote it
    std::int64_t pieces = 0;
};

/// One piece.
struct Segment {
    std::string state;         // waiting, processing, done, failed
    std::int64_t percent = 0;  // how far it is
    std::string file = {};     // done: the managed file that holds it
    std::string result = {};   // done, failed: as its worker wrote it
};

/// A piece as a worker takes it.
struct ClaimedSegment {
    Claim claim;
    std::string job_id;
    std::string task_id;
    std::int64_t number = 0;
    std::int64_t failures = 0;  // of earlier attempts
    std::string work;           // the split's
};

/// Who works on a job. `beat` grows for as long as he lives: whether a lease is lost is judged by
/// whoever sees it stand still, with a clock of his own, so that no two clocks are compared.
struct Lease {
    Claim claim;
    std::int64_t beat = 0;
};

/// A managed output that users may have from now on.
struct ShownFile {
    std::string id;
    std::string name;  // of its main file
    std::int64_t size = 0;
};

/// What finish() writes, and publish().
struct Ending {
    JobRecord record;
    std::vector<ShownFile> files = {};
    std::vector<Part> parts = {};  // of a many-part output
    std::string parts_task = {};   // the task whose parts they are
};

/// Which jobs, tasks or files a list shows.
struct ListQuery {
    int limit = 20;
    bool is_descending = true;
    std::optional<std::string> after = {};   // further along in the chosen order than this id
    std::optional<std::string> before = {};  // further back
    std::optional<std::string> kind = {};
    std::vector<std::string> statuses = {};  // any of them; empty: all
    std::optional<std::string> input = {};
    std::optional<std::string> error = {};  // its kind
    std::optional<UnixMillis> created_after = {};
    std::optional<UnixMillis> created_before = {};
    std::vector<std::pair<std::string, std::string>> metadata = {};  // name and value
    std::optional<std::string> job = {};   // whose files: the hidden one of a standalone task too
    std::optional<std::string> role = {};  // of files
};

template <typename T>
struct Page {
    std::vector<T> items;
    bool has_more = false;  // in the direction that was asked for
    /// Where to go on, where the search went further than the last item; "" else.
    std::string cursor = {};
};

/// What becomes of a webhook.
inline constexpr std::string_view kDeliveryStatuses[] = {"pending", "delivered", "failed"};

/// A webhook on its way, or done with.
struct Delivery {
    std::string id;  // the same over all tries
    std::string job_id;
    std::string type;
    std::string url;
    std::string body;    // the very bytes that are signed and sent
    std::string status;  // of kDeliveryStatuses
    std::int64_t attempts = 0;
    std::optional<UnixMillis> next_at;
    UnixMillis created_at = 0;
    UnixMillis updated_at = 0;
};

/// What one try of a delivery came to.
struct DeliveryAttempt {
    std::int64_t number = 0;
    UnixMillis at = 0;
    std::optional<std::int64_t> status;  // HTTP; nothing when there was no answer
    std::optional<std::string> error;
    std::int64_t duration_ms = 0;
};

/// Bytes we keep under an unguessable id: an output, an upload, or an import.
struct FileRecord {
    std::string id;  // 128 random bits
    std::optional<std::string> job_id;
    std::string role;  // output, upload, import; garbage: only the bytes are left to remove
    std::string name;
    bool is_ready = false;
    UnixMillis created_at = 0;
    UnixMillis used_at = 0;
    std::optional<std::int64_t> size = {};  // of all its parts, once it is ready
    bool is_of_task = false;                // in lists: the job is hidden behind its one task
};

/// A permission for one upload, by whoever has its token.
struct UploadToken {
    std::string hash;    // as of a key
    std::string key_id;  // of the key that gave it
    std::int64_t max_bytes = 0;
    UnixMillis expires_at = 0;
};

/// An upload that comes in several requests. Its file is ready once all of it is there.
struct ResumableUpload {
    std::string id;  // of the file
    std::string name;
    std::int64_t length = 0;    // announced
    std::string metadata = {};  // as it was sent
    std::int64_t received = 0;
    std::int64_t pieces = 0;  // that it came in
    UnixMillis used_at = 0;   // when the last bytes came
    bool is_ready = false;
};

/// Bytes of a resumable upload that are stored, as an object of their own until all are.
struct UploadPiece {
    std::int64_t at = 0;
    std::int64_t size = 0;
    std::string key;  // of the object
};

/// A multipart upload that a worker has begun: what its end is, should the worker not live to see
/// it.
struct OpenUpload {
    std::string job_id = {};
    std::int64_t attempt = 0;     // 0: of a piece, which outlives its job's attempts
    std::string connection = {};  // an id; empty: the storage of managed files
    std::string bucket = {};
    std::string receipt = {};  // of Storage::abort
    UnixMillis created_at = 0;
};

/// Where a user's storage is. `secret` is ciphertext here, whatever it holds in clear.
struct ConnectionRecord {
    std::string id;
    std::string name;
    json::object settings;
    std::string secret;
    bool is_default = false;
    UnixMillis created_at = 0;
    UnixMillis updated_at = 0;
};

/// An API key as we know it: only its hash.
struct KeyRecord {
    std::string id;
    std::string name;
    std::string hash;  // SHA-256 of the key, lower-case hex
    std::string hint;  // its first characters, to recognise it by
    UnixMillis created_at = 0;
    Scope scope = Scope::kAdmin;  // the greatest of its
    std::optional<UnixMillis> expires_at = {};
    std::optional<std::int64_t> rate_limit = {};   // requests a minute
    std::optional<std::int64_t> max_running = {};  // jobs
    std::optional<UnixMillis> last_used_at = {};   // within a minute

    bool is_expired(UnixMillis now) const { return expires_at && *expires_at <= now; }
    /// Of these there is always one, so that nobody is shut out.
    bool is_lasting() const { return scope == Scope::kAdmin && !expires_at; }
};

}  // namespace ittybit::store
