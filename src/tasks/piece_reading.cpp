#include "tasks/piece_reading.h"

#include "tasks/plan_time.h"

namespace ittybit::tasks {

Result<> read_piece(const PieceReading& reading, PacketSinks sinks) {
    const Plan& plan = reading.plan;
    const int stream = plan.reads.front().stream;
    const auto picture = sinks.extract(stream);
    const auto is_past = [&] { return reading.film.reached().value_or(0) >= last_tick(plan); };
    TRY(read_window(
        reading.input, reading_of(plan), stream, {{stream, picture.mapped()}},
        [&](const AVPacket& packet) {
            reading.intake.see(packet);
            return reading.is_stopped() || is_past();
        }
    ));
    if (sinks.empty()) return {};
    if (!is_past()) {
        return read_window(
            reading.input, plan.window, sinks.begin()->first, sinks,
            [&](const AVPacket&) { return reading.is_stopped(); }
        );
    }
    for (const auto& [number, sound] : sinks) TRY(sound->finish());
    return {};
}

}  // namespace ittybit::tasks
