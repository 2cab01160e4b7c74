#pragma once

#include <stop_token>
#include <string>

#include "work/workshop.h"

namespace ittybit::work {

/// Claims jobs and works on them, as many at once as it has slots, and some more that only wait for
/// slow inputs. Beside its slots for whatever is next it has some for what is light alone, which so
/// waits for no film.
class Worker {
public:
    Worker(Workshop& shop, int slots, int light_slots = 0);

    /// Until `stop`: then takes no more, gives what runs `grace_seconds` and hands back the rest.
    void run(const std::stop_token& stop, int grace_seconds = 30);

    /// Works on the next job of a lane, or piece, if one waits. Whether there was one.
    Result<bool> run_once(
        Slots::Hold& slot, const std::stop_token& hard_stop, store::Lane lane = store::Lane::kAny
    );

private:
    /// The slots that take from one lane of the queue.
    struct Lane {
        store::Lane which;
        int count;
        int most_slow;  // that wait beside them
        Slots slots{count, most_slow};
    };

    void show();
    Result<bool> encode_one(const std::stop_token& hard_stop);
    void run_slot(Lane& lane, const std::stop_token& stop, const std::stop_token& hard_stop);

    Workshop& shop_;
    Lane any_;
    Lane light_;
};

}  // namespace ittybit::work
