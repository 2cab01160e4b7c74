#include "store/records.h"

#include <utility>

namespace ittybit::store {

void JobRecord::show_destination() {
    constexpr std::pair<std::string_view, std::string_view> kShown[] = {
        {"output", "url"}, {"connection", "connection_id"}
    };
    for (const auto& [wanted, shown] : kShown) {
        if (const auto* value = request.if_contains(wanted)) {
            job.task("export").options[shown] = *value;
        }
    }
}

}  // namespace ittybit::store
