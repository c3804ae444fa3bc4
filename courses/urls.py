from django.urls import path

from courses.views import certificate, coordinator, course, team, training, unit, verify

urlpatterns = [
    path("training/", training.my_training, name="my_training"),
    path("courses/<uuid:enrollment>/", course.course, name="course"),
    path("courses/<uuid:enrollment>/units/<slug:unit>/", unit.unit, name="unit"),
    path("courses/<uuid:enrollment>/units/<slug:unit>/place/", unit.place, name="place"),
    path("courses/<uuid:enrollment>/units/<slug:unit>/practice/<int:number>/", unit.practice, name="practice"),
    path("certificates/<uuid:certificate>/", certificate.certificate, name="certificate"),
    path("certificates/<uuid:certificate>/file/", certificate.file, name="certificate_file"),
    path("certificates/<uuid:certificate>/preview.png", certificate.preview, name="certificate_preview"),
    path("verify/", verify.ask, name="verify_ask"),
    path("verify/<str:code>", verify.verify, name="verify"),
    path("team/", team.team, name="team"),
    path("team/export.csv", team.export, name="team_export"),
    path("coordinator/people/<uuid:person>/assign/", coordinator.assign, name="assign"),
    path("coordinator/assignments/<uuid:assignment>/", coordinator.change_assignment, name="change_assignment"),
    path("coordinator/assignments/<uuid:assignment>/withdraw/", coordinator.withdraw, name="withdraw"),
    path("coordinator/certificates/", coordinator.certificates, name="certificates"),
    path("coordinator/certificates/<uuid:certificate>/revoke/", coordinator.revoke, name="revoke"),
    path("coordinator/certificates/<uuid:certificate>/reissue/", coordinator.reissue, name="reissue"),
    path("coordinator/site-words/", coordinator.site_words, name="site_words"),
    path("coordinator/site-words/<slug:slot>/", coordinator.enter_site_words, name="enter_site_words"),
]
