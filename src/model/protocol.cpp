#include "model/protocol.h"

#include <utility>

#include "base/presentable.h"
#include "base/text.h"

namespace ittybit {
namespace {

Error broken(const std::string& what) {
    return {ErrorKind::kTaskCrashed, "the media process sent a broken message: " + what, ""};
}

/// What a child says comes before people: each text in it is made fit for that here, at the border.
json::value made_presentable(const json::value& said) {
    constexpr std::size_t kLongest = 4000;  // bytes of one text
    if (const auto* text = said.if_string()) return json::string(presentable(*text, kLongest));
    if (const auto* items = said.if_array()) {
        json::array array;
        for (const auto& item : *items) array.push_back(made_presentable(item));
        return array;
    }
    if (const auto* members = said.if_object()) {
        json::object object;
        for (const auto& [key, value] : *members) {
            object[presentable(key, kLongest)] = made_presentable(value);
        }
        return object;
    }
    return said;
}

template <std::size_t Index = 0>
Result<Event> decode_named(std::string_view name, const json::value& value) {
    if constexpr (Index == std::variant_size_v<Event>) {
        return broken("unknown event");
    } else {
        using Message = std::variant_alternative_t<Index, Event>;
        if (name != Message::kName) return decode_named<Index + 1>(name, value);
        Message message;
        Reader reader;
        reader.read(value, message);
        if (reader.problems().empty()) return Event(std::move(message));
        return broken(reader.problems().front().message);
    }
}

}  // namespace

Failed Failed::from(const Error& error) {
    Failed failed{error.kind, error.message, error.where, std::nullopt, 0};
    if (error.limit) {
        failed.limit = error.limit->name;
        failed.limit_value = error.limit->value;
    }
    return failed;
}

Error Failed::error() const {
    Error error{kind, message, where};
    if (limit) error.limit = LimitReached{*limit, limit_value};
    return error;
}

std::string encode_event(const Event& event) {
    return std::visit(
        [](const auto& message) {
            json::object object{{"event", message.kName}};
            const json::value members = to_json(message);
            for (const auto& member : members.get_object()) object[member.key()] = member.value();
            // What a file calls its languages, say, may be in any coding.
            return valid_utf8(compact_json(object)) + "\n";
        },
        event
    );
}

Result<Event> decode_event(std::string_view line) {
    auto parsed = parse_json(line);
    if (!parsed) return broken(parsed.error().message);
    if (!parsed->is_object()) return broken("not an object");
    const std::string name = string_at(*parsed, "event");
    parsed->get_object().erase("event");
    return decode_named(name, made_presentable(*parsed));
}

}  // namespace ittybit
