#include "work/piece_work.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/fields_json.h"
#include "base/log.h"
#include "model/split.h"
#include "work/attempts.h"
#include "work/destinations.h"
#include "work/exporter.h"
#include "work/held_job.h"
#include "work/held_piece.h"
#include "work/import.h"
#include "work/managed.h"
#include "work/served_input.h"

namespace ittybit::work {
namespace {

constexpr std::string_view kName = "piece";

/// One attempt at one piece.
class PieceWork {
public:
    PieceWork(
        Workshop& shop,
        const store::ClaimedSegment& piece,
        const std::stop_token& hand_back,
        const std::function<void()>& progressed
    )
        : shop_(shop),
          piece_(piece),
          hand_back_(hand_back),
          progressed_(progressed),
          held_(shop, piece, hand_back) {}

    void run(const std::optional<OperationInput>& input) {
        auto made = make(input);
        held_.let_go();
        const bool is_ours = !held_.is_lost() && settle(made);
        tell(made, is_ours);
        if (destinations_ && (!made || !is_ours)) destinations_->discard();
    }

private:
    struct Made {
        std::string file;  // the managed one
        MadePiece piece;
    };

    Result<Made> make(const std::optional<OperationInput>& input) {
        const auto work = TRY(decode_line<SplitWork>(piece_.work));
        auto record = TRY(shop_.jobs.find_job(piece_.job_id));
        if (!record) return Error{ErrorKind::kCancelled, "the job is gone", ""};
        record_ = *std::move(record);
        job_ = {piece_.job_id, piece_.claim.worker, 0};  // whichever attempt its job is at
        auto request = TRY(request_for(work));
        std::shared_ptr<storage::Source> source;
        if (input) {
            request.inputs = {*input};
        } else {
            source = TRY(open_served_input(
                shop_, record_.job.input, record_.order.connection,
                {.largest = shop_.limits.input_bytes,
                 .use = storage::Room::Use::kCopy,
                 .known = work.input},
                held_.stop()
            ));
            request.inputs = {input_from(*source)};
        }
        destinations_.emplace(shop_, job_, record_, hand_back_);
        Exporter to(TRY(destinations_->of_piece(std::string(kName))), held_.stop());
        auto outcome = TRY(shop_.perform(request, events(to), held_.stop()));
        const auto published = TRY(to.publish(outcome));
        return Made{
            published.managed,
            {outcome.files.front().size, std::move(outcome.finished.warnings),
             std::move(outcome.finished.file.warnings)},
        };
    }

    Result<OperationRequest> request_for(const SplitWork& work) {
        const auto plan = TRY(read_plan(work.plan));
        const auto number = static_cast<std::size_t>(piece_.number);
        if (number >= work.pieces.size())
            return Error{ErrorKind::kInternalError, "there is no such piece", ""};
        OperationRequest request;
        request.operation = VideoOptions{};  // whose plan is decided already, as of any kind
        request.plan = plan_json(plan_of_piece(plan, work.pieces[number], std::string(kName)));
        request.limits = shop_.limits;
        return request;
    }

    OperationEvents events(Exporter& to) {
        OperationEvents events;
        events.progress = [this](const Progress& progress) {
            if (progress.percent) held_.note(*progress.percent);
            if (progressed_) progressed_();
        };
        events.file_ready = [&to](const FileReady& ready, const sandbox::Workspace& workspace) {
            return to.ready(ready, workspace);
        };
        return events;
    }

    /// Whether the piece was ours still, as far as we know.
    bool settle(const Result<Made>& made) {
        const auto is_ours = write_patiently(shop_.troubles.ending, [&]() -> Result<bool> {
            const auto& claim = piece_.claim;
            if (made) return shop_.segments.finish(claim, made->file, json_text(made->piece));
            const auto& error = made.error();
            if (hand_back_.stop_requested()) return shop_.segments.give_back(claim);
            const bool is_final = !is_worth_another(error, piece_.failures + 1);
            return shop_.segments.fail(claim, json_text(Failed::from(error)), is_final);
        });
        if (is_ours && *is_ours) return true;
        return made && (!is_ours || is_the_piece(made->file));
    }

    /// An earlier try may have written it, and its answer not have come. Where that is not known it
    /// is left: what nobody needs goes with its job.
    bool is_the_piece(const std::string& file) {
        const auto segments = shop_.segments.of_task(piece_.task_id);
        return !segments ||
               std::ranges::find(*segments, file, &store::Segment::file) != segments->end();
    }

    void tell(const Result<Made>& made, bool is_ours) {
        const auto* outcome = !is_ours ? "lost" : made ? "done" : "failed";
        shop_.metrics.add("ittybit_pieces_total", fmt::format("outcome=\"{}\"", outcome));
        json::object facts{
            {"job", piece_.job_id}, {"task", piece_.task_id},          {"piece", piece_.number},
            {"outcome", outcome},   {"attempt", piece_.claim.attempt},
        };
        if (!made) facts["error"] = made.error().message;
        log::info("a piece ended", facts);
    }

    Workshop& shop_;
    const store::ClaimedSegment& piece_;
    const std::stop_token hand_back_;
    const std::function<void()>& progressed_;
    store::JobRecord record_;
    store::Claim job_;
    std::optional<Destinations> destinations_;
    HeldPiece held_;
};

}  // namespace

std::string key_of_piece(const std::string& file) {
    return managed_key({file, std::string(kName)});
}

void encode_piece(
    Workshop& shop,
    const store::ClaimedSegment& piece,
    const std::optional<OperationInput>& input,
    const std::stop_token& hand_back,
    const std::function<void()>& progressed
) {
    PieceWork(shop, piece, hand_back, progressed).run(input);
}

}  // namespace ittybit::work
