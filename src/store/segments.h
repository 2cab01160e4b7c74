#pragma once

#include <optional>
#include <string>
#include <vector>

#include "store/database.h"
#include "store/records.h"

namespace ittybit::store {

/// The pieces that encodes are split into. Whoever has a slot free takes one, as jobs are taken:
/// by a lease, each write naming worker and attempt. All of a job's are gone when it ends. Safe
/// from any thread.
class SegmentTable {
public:
    /// So often is a piece begun that its workers do not live to end: it might be what kills.
    static constexpr std::int64_t kMostAttempts = 10;

    explicit SegmentTable(Database& database) : database_(database) {}

    /// Puts the pieces of a task up, for those who run `build`. What is there of the same work
    /// stays as it is, but those that failed are tried anew. False when the job is not the claim's
    /// any more.
    Result<bool> put_up(const Claim& job, const Split& split, const std::string& build);

    /// The pieces of a task, in their order.
    Result<std::vector<Segment>> of_task(const std::string& task_id);

    /// Whether `claim` may find a piece for those who run `build`: a cheap look before it.
    Result<bool> is_any_waiting(const std::string& build);

    /// Gives the piece that is next to a worker: of the highest priority, and of the job that came
    /// first. Nothing when there is none, or a job of a higher priority waits. One that has failed
    /// is left to whoever holds its job.
    Result<std::optional<ClaimedSegment>> claim(
        const std::string& worker, const std::string& build, UnixMillis now
    );
    /// The same of one task for who holds its job, whatever waits beside it. Nothing either when
    /// the job is not the claim's any more.
    Result<std::optional<ClaimedSegment>> claim_of(const Claim& job, const std::string& task_id);

    /// Shows that the worker lives, and how far it is. All of these are false when the piece is not
    /// the claim's any more: then nothing was written.
    Result<bool> beat(const Claim& segment, std::int64_t percent);
    Result<bool> is_held(const Claim& segment);
    /// `file` holds it: a managed one, which is garbage once nobody needs the piece.
    Result<bool> finish(const Claim& segment, const std::string& file, const std::string& result);
    /// Another attempt may have better luck, unless it `is_final`.
    Result<bool> fail(const Claim& segment, const std::string& error, bool is_final);
    Result<bool> give_back(const Claim& segment);

    /// Everybody who works on a piece: the claims' ids are those of pieces.
    Result<std::vector<Lease>> leases();
    /// Takes a piece back whose worker is gone; it has failed with `error` when that was too
    /// often. False when the lease is not as it was seen any more.
    Result<bool> take_back(const Lease& lease, const std::string& error);

    /// Nobody needs the pieces of this task any more. False when the job is not the claim's any
    /// more: then they are another's, and stay.
    Result<bool> forget(const Claim& job, const std::string& task_id);

private:
    Database& database_;
};

/// A process that takes jobs and pieces.
struct KnownWorker {
    std::string id;
    UnixMillis seen_at = 0;   // it shows itself once a kBeatMs
    std::int64_t jobs = 0;    // that it works on
    std::int64_t pieces = 0;  // of jobs that many encode
};

/// Who is there to work, whether it has anything to do or not.
class WorkerTable {
public:
    static constexpr UnixMillis kBeatMs = 60'000;
    static constexpr UnixMillis kKeptBeats = 10;

    explicit WorkerTable(Database& database) : database_(database) {}

    /// It is there, for some beats.
    Result<void> show(const std::string& worker, UnixMillis now);
    Result<void> hide(const std::string& worker);
    /// Whether there are others.
    Result<bool> has_others(const std::string& worker, UnixMillis now);
    /// By id, all that were seen within the last kKeptBeats: one that was killed stays for so long.
    Result<std::vector<KnownWorker>> list(UnixMillis now);

private:
    Database& database_;
};

}  // namespace ittybit::store
