#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/database.h"
#include "store/records.h"

/// The smaller tables beside the jobs, one class each.
namespace ittybit::store {

/// Who shares a bound of deliveries under way: "https://example.com:8443" of a webhook's URL.
std::string receiver_of(std::string_view url);

/// Webhook deliveries: written with the final state of their job, sent by the notifier.
class Outbox {
public:
    explicit Outbox(Database& database) : database_(database) {}

    /// How many more may be under way to a receiver (receiver_of), when so many are `claimed`
    /// already. Asked within a transaction: it must not wait.
    using Room = std::function<int(const std::string& receiver, std::size_t claimed)>;

    /// Takes of each receiver what has been due longest, as much as there is room for, for
    /// `lease_until`. A wait that was begun later than now is over, since the clock was set back;
    /// if it is for one who sends, only when that is more than five minutes.
    Result<std::vector<Delivery>> claim(const Room& room, UnixMillis lease_until, UnixMillis now);

    /// Notes a try of a claimed delivery, later. `next_at` absent: `status` is final (delivered or
    /// failed). A resend that was asked for meanwhile stays due.
    void note(
        const Delivery& delivery,
        const DeliveryAttempt& attempt,
        std::string_view status,
        std::optional<UnixMillis> next_at,
        UnixMillis now,
        Database::Done done
    );

    Result<std::vector<Delivery>> of_job(const std::string& job_id);
    /// Of all jobs, without bodies, in the order in which they were made. Heeds paging and
    /// statuses. Errors: `invalid_request` (a cursor that is no delivery's id).
    Result<Page<Delivery>> list(const ListQuery& query);
    Result<std::vector<DeliveryAttempt>> attempts(const std::string& delivery_id);

    /// Makes a delivery due now, whatever became of it. False when the job has none of this id.
    Result<bool> resend(const std::string& job_id, const std::string& id, UnixMillis now);

    /// When the next one becomes due after `now`; `now` where the clock was set back; nothing when
    /// none waits.
    Result<std::optional<UnixMillis>> next_due(UnixMillis now);

    /// How many are not delivered yet, and still tried.
    Result<std::int64_t> pending();

    /// Forgets one bite of what ended before `before`. How many; 0: none is left.
    Result<int> forget(UnixMillis before);

private:
    Database& database_;
};

/// The bytes under /files: who owns them and whether they may be seen.
class FileTable {
public:
    explicit FileTable(Database& database) : database_(database) {}

    Result<void> add(const FileRecord& file);
    Result<std::optional<FileRecord>> find(const std::string& id);
    /// An upload that is used is kept for longer.
    Result<void> touch(const std::string& id, UnixMillis now);
    /// Errors: `file_not_found`, of one that was given up meanwhile.
    Result<void> make_ready(const std::string& id, std::int64_t size, UnixMillis now);

    /// Those that may be seen, by age. Errors: `invalid_request` (a cursor of no file).
    Result<Page<FileRecord>> list(const ListQuery& query);
    /// What became of a file that was to be deleted.
    enum class Erased { kDone, kInUse, kNone };
    /// Turns one into garbage that may be seen, unless a job that is not final reads or makes it.
    Result<Erased> erase(const std::string& id);

    /// Forgets old upload tokens, and turns into garbage: uploads and unowned imports not used
    /// since `uploads` (a job that is not final uses its input), outputs made before `outputs`, and
    /// files of ended or vanished jobs that never became ready. One bite of them; how many rows
    /// were touched; 0: none is left.
    Result<int> expire(UnixMillis uploads, UnixMillis outputs, UnixMillis now);
    Result<void> allow_upload(const UploadToken& token);
    /// Whether the token allows an upload now: its key is not revoked.
    Result<bool> is_upload_allowed(const std::string& hash, UnixMillis now);
    /// Takes the permission away for good; nothing when there is none any more, or a resumable
    /// upload has it.
    Result<std::optional<UploadToken>> take_upload_token(const std::string& hash, UnixMillis now);

    /// Turns one into garbage that was never made ready. Whether there was one.
    Result<bool> discard(const std::string& id);
    /// By the time of use, behind `after`.
    Result<std::vector<FileRecord>> garbage(int limit, const FileRecord& after = {});
    Result<void> remove(const std::string& id);

private:
    Database& database_;
};

/// Uploads that come in several requests: what of them is there. Requests may meet, on several
/// servers too: of two pieces that begin at one place the first stays.
class ResumableTable {
public:
    explicit ResumableTable(Database& database) : database_(database) {}

    /// Begins one, and its file.
    Result<void> add(const ResumableUpload& upload);
    /// The same by a token, which is this upload's from now on, until `expires_at` at least. How
    /// many bytes it is for, nothing when it is no permission any more. Begins nothing then, nor
    /// where the upload is longer.
    Result<std::optional<std::int64_t>> add_by_token(
        const ResumableUpload& upload, const std::string& token, UnixMillis expires_at
    );
    /// Whether a token is that of an upload.
    Result<bool> is_token_of(const std::string& token, const std::string& id);

    Result<std::optional<ResumableUpload>> find(const std::string& id);
    /// False when another piece begins there, or the upload has ended.
    Result<bool> add_piece(const std::string& id, const UploadPiece& piece, UnixMillis now);
    Result<std::vector<UploadPiece>> pieces(const std::string& id);
    /// Lets one at a time put the pieces together, for `lease`: gives its end. Nothing where
    /// somebody is at it, or nothing is left to be done. Whoever waited for his turn to write says
    /// a `now` that others have passed; a lease that ends later than in twice its time is over: the
    /// clock was set back since.
    Result<std::optional<UnixMillis>> begin_joining(
        const std::string& id, UnixMillis lease, UnixMillis now
    );
    /// Moves the end of a lease. False when it has ended, and somebody else may be at it.
    Result<bool> go_on_joining(const std::string& id, UnixMillis from, UnixMillis until);
    /// All of it is its file now: there are no pieces any more. False when it was given up.
    Result<bool> finish(const std::string& id, UnixMillis now);

private:
    Database& database_;
};

/// Uploads under way, so that none outlives its worker by much.
class UploadTable {
public:
    explicit UploadTable(Database& database) : database_(database) {}

    Result<void> add(const OpenUpload& upload, UnixMillis now);
    /// Those whose attempt is not being worked on any more, and those of pieces whose job has
    /// ended, oldest first, behind `after`.
    Result<std::vector<OpenUpload>> abandoned(int limit, const OpenUpload& after = {});
    Result<bool> holds(const std::string& receipt);
    Result<void> remove(const std::string& receipt);

private:
    Database& database_;
};

/// Users' storage connections.
class ConnectionTable {
public:
    explicit ConnectionTable(Database& database) : database_(database) {}

    /// Errors: `connection_exists`.
    Result<void> add(const ConnectionRecord& connection);
    /// False when it is not as it was `before` any more. Errors: `connection_exists`.
    Result<bool> update(const ConnectionRecord& connection, const ConnectionRecord& before);
    /// Puts a secret in the place of the one it is made of, where that is the connection's still.
    Result<void> reseal(const ConnectionRecord& connection, const std::string& secret);
    /// By id or name.
    Result<std::optional<ConnectionRecord>> find(const std::string& id_or_name);
    /// The default one, or the only one.
    Result<std::optional<ConnectionRecord>> find_default();
    Result<Page<ConnectionRecord>> list(const ListQuery& query);
    Result<bool> remove(const std::string& id);

private:
    Database& database_;
};

/// API keys, by their hashes.
class KeyTable {
public:
    explicit KeyTable(Database& database) : database_(database) {}

    /// A key that is known stays as it is.
    Result<void> add(const KeyRecord& key);
    Result<std::optional<KeyRecord>> find_by_hash(const std::string& hash);
    Result<std::vector<KeyRecord>> list();
    Result<void> note_use(const std::string& id, UnixMillis at);
    /// Ends a key, and the upload tokens it gave. False when there is none. Errors:
    /// `invalid_request`, of the last one that is lasting.
    Result<bool> revoke(const std::string& id);

private:
    Database& database_;
};

/// What the servers and workers of one installation agree on, by name.
class SettingTable {
public:
    explicit SettingTable(Database& database) : database_(database) {}

    /// "" where it was never set.
    Result<std::string> get(const std::string& name);
    Result<void> set(const std::string& name, const std::string& value);
    /// Sets it where it was never set. What it is then.
    Result<std::string> settle(const std::string& name, const std::string& value);

private:
    Database& database_;
};

}  // namespace ittybit::store
