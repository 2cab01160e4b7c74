#include "base/markup.h"

namespace ittybit {

std::string escape_markup(std::string_view text) {
    std::string out;
    for (const char letter : text) {
        switch (letter) {
            case '&': out += "&amp;"; break;
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            default: out += letter;
        }
    }
    return out;
}

}  // namespace ittybit
