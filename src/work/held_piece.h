#pragma once

#include <atomic>
#include <cstdint>
#include <stop_token>
#include <thread>

#include "base/linked_stop.h"
#include "store/records.h"
#include "work/workshop.h"

namespace ittybit::work {

/// A claimed piece while it is ours: a thread keeps the lease, and stops the work when the piece is
/// somebody else's, or nobody's, since its job has ended.
class HeldPiece {
public:
    /// `hand_back` stops the work too.
    HeldPiece(Workshop& shop, const store::ClaimedSegment& piece, const std::stop_token& hand_back);
    HeldPiece(const HeldPiece&) = delete;
    HeldPiece& operator=(const HeldPiece&) = delete;
    ~HeldPiece() { let_go(); }

    /// How far it is; written with the next beat.
    void note(double percent) { percent_ = static_cast<std::int64_t>(percent); }

    std::stop_token stop() const { return stop_.get_token(); }
    bool is_lost() const { return is_lost_; }

    /// Ends the keeping.
    void let_go();

private:
    void keep(const std::stop_token& stop);
    void lose();

    Workshop& shop_;
    const store::ClaimedSegment& piece_;
    std::atomic<std::int64_t> percent_ = 0;
    std::atomic<bool> is_lost_ = false;
    LinkedStop stop_;
    std::jthread keeper_;
};

}  // namespace ittybit::work
