from django.urls import path

from quizzes.views import attempt, coverage, dispute, pool, record, result, reviews, rules, start

urlpatterns = [
    path("courses/<uuid:enrollment>/units/<slug:unit>/quiz/", start.quiz, name="quiz"),
    path("attempts/<uuid:attempt>/questions/<int:position>/", attempt.question, name="question"),
    path("attempts/<uuid:attempt>/questions/<int:position>/answer/", attempt.store_answer, name="store_answer"),
    path("attempts/<uuid:attempt>/hand-in/", attempt.hand_in, name="hand_in"),
    path("attempts/<uuid:attempt>/result/", result.result, name="result"),
    path("coordinator/courses/<slug:course>/units/<slug:unit>/questions/", pool.questions, name="desk_questions"),
    path("attempts/<uuid:attempt>/questions/<int:position>/dispute/", dispute.dispute, name="dispute"),
    path("coordinator/reviews/", reviews.item_reviews, name="item_reviews"),
    path("coordinator/reviews/<uuid:review>/", reviews.item_review, name="item_review"),
    path("coordinator/coverage/", coverage.coverage, name="coverage"),
    path("record/", record.my_record, name="my_record"),
    path("team/people/<uuid:person>/", record.person_record, name="person_record"),
    path("coordinator/people/<uuid:person>/quiz-rules/", rules.quiz_rules, name="quiz_rules"),
    path("team/people/<uuid:person>/attempts/<uuid:enrollment>/<slug:unit>/", rules.open_attempt, name="open_attempt"),
    path("attempts/<uuid:attempt>/time/", attempt.time_left, name="time_left"),
    path("form-token/", attempt.form_token, name="form_token"),
]
