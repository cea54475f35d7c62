#include "base/error.h"

#include <gtest/gtest.h>

#include <set>

namespace tributary::base {
namespace {

TEST(ErrorCatalogue, EveryCodeHasTextAndRemedyAndAUniqueName) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < error_code_count(); ++i) {
    const ErrorInfo& info = error_info(static_cast<ErrorCode>(i));
    EXPECT_TRUE(names.insert(info.name).second) << info.name;
    EXPECT_FALSE(info.text.empty()) << info.name;
    if (info.error_class != ErrorClass::cancelled) {
      EXPECT_FALSE(info.remedy.empty()) << info.name;
    }
  }
}

TEST(Error, ContextGoesInFrontOfThePlace) {
  Error error = Error{ErrorCode::source_query, "1054 unknown column", "db.t"}.in("instance 2");
  EXPECT_EQ(error.message(),
            "[source.query_failed] the source refused a statement: 1054 unknown column (at instance 2, db.t)");
}

TEST(Error, ExitCodeFollowsTheSide) {
  EXPECT_EQ(exit_code({ErrorCode::task_syntax, "", ""}), 2);
  EXPECT_EQ(exit_code({ErrorCode::source_lost, "", ""}), 3);
  EXPECT_EQ(exit_code({ErrorCode::destination_auth, "", ""}), 4);
  EXPECT_EQ(exit_code({ErrorCode::data_incident, "", ""}), 5);
  EXPECT_EQ(exit_code({ErrorCode::cancelled, "", ""}), 0);
  EXPECT_EQ(exit_code({ErrorCode::internal, "", ""}), 1);
}

}  // namespace
}  // namespace tributary::base
