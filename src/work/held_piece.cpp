#include "work/held_piece.h"

#include <chrono>

namespace ittybit::work {
namespace {

using Steady = std::chrono::steady_clock;
constexpr auto kBeat = std::chrono::seconds(2);

}  // namespace

HeldPiece::HeldPiece(
    Workshop& shop, const store::ClaimedSegment& piece, const std::stop_token& hand_back
)
    : shop_(shop),
      piece_(piece),
      stop_(hand_back),
      keeper_([this](const std::stop_token& stop) { keep(stop); }) {}

void HeldPiece::let_go() {
    if (!keeper_.joinable()) return;
    keeper_.request_stop();
    keeper_.join();
}

/// A database that cannot be asked now is asked again with the next beat: until the lease ends
/// nobody else takes the piece.
void HeldPiece::keep(const std::stop_token& stop) {
    const auto news =
        shop_.queue.database().changes().subscribe({store::topic::job(piece_.job_id)});
    auto next_beat = Steady::now();
    for (bool is_told = false; !stop.stop_requested();) {
        Result<bool> is_ours = true;
        if (Steady::now() >= next_beat) {
            is_ours = shop_.segments.beat(piece_.claim, percent_);
            next_beat = Steady::now() + kBeat;
        } else if (is_told) {
            is_ours = shop_.segments.is_held(piece_.claim);
        }
        if (is_ours && !*is_ours) return lose();
        if (!is_ours) shop_.troubles.beating.note(is_ours.error());
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(next_beat - Steady::now());
        is_told = news->wait(left, stop) && !news->take().empty();
    }
}

void HeldPiece::lose() {
    is_lost_ = true;
    stop_.request_stop();
}

}  // namespace ittybit::work
