#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "fixtures.h"
#include "tokenize/json/number.h"

namespace bge::tokenize {
namespace {

TEST(SerdeNumber, ReadsWhatTheReferenceReads) {
  simdjson::dom::parser parser;
  size_t inexact = 0;
  const std::string json = fixtures::read("numbers.json");
  for (simdjson::dom::element row : simdjson::dom::array(parser.parse(json))) {
    const std::string text(std::string_view(row.at(0)));
    const double want = std::strtod(std::string(std::string_view(row.at(1))).c_str(), nullptr);
    const auto got = parse_serde_number(text);
    ASSERT_TRUE(got.has_value()) << text;
    EXPECT_EQ(*got, want) << text;
    inexact += *got != std::strtod(text.c_str(), nullptr);
  }
  EXPECT_GT(inexact, 10u);  // else the fixture could not tell it from an exact parser
}

TEST(SerdeNumber, RefusesWhatIsNoNumber) {
  for (const char* bad : {"", "-", "01", "1.", ".5", "1e", "1e+", "+1", "0x1", "1 ", "NaN", "1e309",
                          "1e999999999999", "-1.8e308"}) {
    EXPECT_FALSE(parse_serde_number(bad).has_value()) << bad;
  }
}

}  // namespace
}  // namespace bge::tokenize
