#include "work/split_encode.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/fields_json.h"
#include "base/log.h"
#include "base/pause.h"
#include "model/split.h"
#include "sandbox/zygote.h"
#include "storage/scratch.h"
#include "work/piece_work.h"

namespace ittybit::work {
namespace {

using Steady = std::chrono::steady_clock;
constexpr std::chrono::seconds kLookEvery(2);

bool aims_at_quality(const Operation& operation) {
    const auto* video = std::get_if<VideoOptions>(&operation);
    if (video != nullptr) return !video->bitrate;
    return std::holds_alternative<AdaptiveVideoOptions>(operation);
}

/// Whether it may be worth a look at the plan.
bool is_candidate(const SplitParty& party, const OperationRequest& request) {
    const auto& splitting = party.shop.splitting;
    const bool is_wanted = splitting.when != Splitting::When::kNever;
    if (!is_wanted || !aims_at_quality(request.operation) || request.task.empty()) return false;
    if (splitting.when == Splitting::When::kAlways) return true;
    // Of a standalone task nobody knows yet how long its input is.
    const auto& facts = party.job.job().tasks.front().output;
    if (facts && facts->duration.value_or(0) < 2 * kShortestPiece) return false;
    if (party.slot.has_idle_neighbour()) return true;
    const auto& shop = party.shop;
    const auto has_others = shop.workers.has_others(shop.worker, shop.clock.now());
    return has_others && *has_others;
}

void add_new(const std::vector<std::string>& more, std::vector<std::string>& warnings) {
    for (const auto& warning : more)
        if (std::ranges::find(warnings, warning) == warnings.end()) warnings.push_back(warning);
}

/// What our own storage or database fails at is least of all the input's fault.
Error our_own(Error error, std::string_view what) {
    if (error.kind == ErrorKind::kCancelled || error.kind == ErrorKind::kDiskFull) return error;
    return {ErrorKind::kInternalError, fmt::format("{}: {}", what, error.message), ""};
}

/// The pieces of one encode, as an input of the child that joins them: one behind the other, each
/// once it is made. While it waits for one it encodes one that nobody has taken.
class Pieces {
public:
    Pieces(
        const SplitParty& party,
        const OperationRequest& request,
        const OperationEvents& events,
        const Plan& plan,
        std::vector<PlannedPiece> pieces,
        storage::Scratch file
    )
        : shop_(party.shop),
          job_(party.job),
          request_(request),
          events_(events),
          plan_(plan),
          pieces_(std::move(pieces)),
          share_(shop_.room.open(storage::Room::Use::kOutput)),
          file_(std::move(file)),
          news_(shop_.queue.database().changes().subscribe({store::topic::pieces(job_.claim().job_id
          )})) {}

    OperationInput input() {
        OperationInput input;
        input.descriptor = file_.reader();
        input.ensure = [this](
                           std::int64_t offset, std::int64_t length, const std::stop_token& stop
                       ) -> Result<std::optional<std::int64_t>> {
            while (size_ < offset + length && added_ < pieces_.size()) TRY(add_next(stop));
            if (added_ < pieces_.size()) return std::optional<std::int64_t>();
            return std::optional(size_);
        };
        return input;
    }

    void add_warnings(Finished& finished) const {
        add_new(warnings_, finished.warnings);
        add_new(of_file_, finished.file.warnings);
    }

private:
    using Segments = std::vector<store::Segment>;

    Result<> add_next(const std::stop_token& stop) {
        const auto segment = TRY(wait_for_next(stop));
        const auto made = TRY(decode_line<MadePiece>(segment.result));
        const auto end = size_ + made.size;
        TRY(share_.take(made.size, stop));
        const auto take = [&](std::span<const std::byte> bytes) -> Result<bool> {
            const auto count = static_cast<std::int64_t>(bytes.size());
            TRY(file_.write(size_, bytes));
            share_.wrote(count);
            size_ += count;
            return true;
        };
        auto read = shop_.storage->read(key_of_piece(segment.file), {0, made.size}, take, stop);
        if (!read) return our_own(std::move(read).error(), "a piece cannot be read back");
        if (size_ != end) return Error{ErrorKind::kInternalError, "a piece is cut off", ""};
        add_new(made.warnings, warnings_);
        add_new(made.of_file, of_file_);
        ++added_;
        return {};
    }

    Result<store::Segment> wait_for_next(const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            news_->take();
            auto segments = shop_.segments.of_task(request_.task);
            if (!segments) {  // our own lease tells whether to go on
                pause(stop, kLookEvery);
                continue;
            }
            if (segments->size() != pieces_.size()) {
                const auto is_held = shop_.queue.is_held(job_.claim());
                if (is_held && !*is_held) break;  // the job has ended
                return Error{ErrorKind::kInternalError, "the pieces of the encode are gone", ""};
            }
            report(*segments);
            auto& next = (*segments)[added_];
            if (next.state == "done") return std::move(next);
            const auto failed = std::ranges::find(*segments, "failed", &store::Segment::state);
            if (failed != segments->end()) return failure_of(*failed);
            if (!has_encoded_one(*segments, stop)) news_->wait(kLookEvery, stop);
        }
        return Error{ErrorKind::kCancelled, "the work was stopped", ""};
    }

    static Error failure_of(const store::Segment& segment) {
        auto failed = decode_line<Failed>(segment.result);
        if (!failed) return std::move(failed).error();
        auto error = failed->error();
        if (error.kind != ErrorKind::kUnavailable) return error;
        return our_own(std::move(error), "a piece cannot be made");
    }

    bool has_encoded_one(const Segments& segments, const std::stop_token& stop) {
        const bool is_any_free =
            std::ranges::find(segments, "waiting", &store::Segment::state) != segments.end();
        if (!is_any_free) return false;
        const auto claimed = shop_.segments.claim_of(job_.claim(), request_.task);
        if (!claimed || !*claimed) return false;
        encode_piece(shop_, **claimed, request_.inputs.front(), stop, [this] { look(); });
        return true;
    }

    /// Now and then while a piece is encoded here.
    void look() {
        if (Steady::now() < next_look_) return;
        if (const auto segments = shop_.segments.of_task(request_.task);
            segments && segments->size() == pieces_.size())
            report(*segments);
    }

    void report(const Segments& segments) {
        next_look_ = Steady::now() + kLookEvery;
        const double all = plan_.window.duration.value_or(0);
        double made = 0;  // seconds
        for (std::size_t i = 0; i < pieces_.size(); ++i) {
            const auto share = static_cast<double>(segments[i].percent) / 100;
            made += share * seconds_of(pieces_[i], plan_);
        }
        if (!made_before_) made_before_ = made;
        const std::chrono::duration<double> passed = Steady::now() - begun_;
        Progress progress;
        progress.percent = std::clamp(100 * made / std::max(all, 1e-3), 0.0, 100.0);
        if (made > *made_before_ && passed.count() > 0) {
            progress.speed = (made - *made_before_) / passed.count();
            progress.eta_s = std::max(0.0, all - made) / *progress.speed;
        }
        if (events_.progress) events_.progress(progress);
    }

    Workshop& shop_;
    const HeldJob& job_;
    const OperationRequest& request_;
    const OperationEvents& events_;
    const Plan& plan_;
    const std::vector<PlannedPiece> pieces_;
    storage::Room::Share share_;  // of what the file has on the disk
    storage::Scratch file_;
    const std::unique_ptr<store::Changes::Subscription> news_;
    std::size_t added_ = 0;  // pieces that are in the file
    std::int64_t size_ = 0;  // of it, bytes
    std::vector<std::string> warnings_;
    std::vector<std::string> of_file_;
    const Steady::time_point begun_ = Steady::now();
    Steady::time_point next_look_{};
    std::optional<double> made_before_;  // seconds, by earlier attempts of the job
};

Result<Outcome> perform_in_pieces(
    const SplitParty& party,
    const OperationRequest& request,
    const OperationEvents& events,
    const Plan& plan,
    std::vector<PlannedPiece> pieces,
    const std::stop_token& stop
) {
    Workshop& shop = party.shop;
    const SplitWork work{plan_json(plan), pieces, request.inputs.front().version};
    const auto count = pieces.size();
    const store::Split split{request.task, json_text(work), static_cast<std::int64_t>(count)};
    auto is_ours = shop.segments.put_up(party.job.claim(), split, sandbox::build_id());
    if (!is_ours) return our_own(std::move(is_ours).error(), "the pieces cannot be put up");
    if (!*is_ours) return Error{ErrorKind::kCancelled, "the work was stopped", ""};
    log::info("an encode is split", {{"job", party.job.claim().job_id}, {"pieces", count}});
    auto file = TRY(storage::Scratch::make(shop.scratch));
    Pieces all(party, request, events, plan, std::move(pieces), std::move(file));
    OperationRequest joining = request;
    const auto place = static_cast<int>(joining.inputs.size());
    joining.inputs.push_back(all.input());
    joining.plan = plan_json(plan_of_joining(plan, count, place));
    joining.beside.clear();  // each is split by itself
    OperationEvents heard = events;
    heard.progress = {};  // the pieces tell
    auto outcome = TRY(shop.perform(joining, heard, stop));
    all.add_warnings(outcome.finished);
    // Else they go with the job.
    static_cast<void>(shop.segments.forget(party.job.claim(), request.task));
    return outcome;
}

}  // namespace

Result<Outcome> perform_shared(
    const SplitParty& party,
    const OperationRequest& request,
    const OperationEvents& events,
    const std::stop_token& stop
) {
    if (!is_candidate(party, request)) return party.shop.perform(request, events, stop);
    OperationRequest asked = request;
    asked.explain = true;
    asked.is_binding = true;
    const auto planned = TRY(party.shop.perform(asked, {}, stop));
    const auto plan = TRY(read_plan(planned.finished.plan));
    auto pieces = pieces_of(plan, party.shop.splitting);
    if (!pieces.empty())
        return perform_in_pieces(party, request, events, plan, std::move(pieces), stop);
    asked = request;
    asked.plan = planned.finished.plan;
    return party.shop.perform(asked, events, stop);
}

}  // namespace ittybit::work
