using Atelier.Core.Fleet;
using Atelier.Core.Fleet.Membership;
using static Atelier.Core.Tests.Fleet.Samples;

namespace Atelier.Core.Tests.Fleet.Membership;

public class MembershipPolicyTests
{
    private static readonly FleetSettings Settings = new();
    private static readonly WorkerId A = new("a");
    private static readonly WorkerId B = new("b");

    private static FleetState Joined(FleetState fleet, WorkerId worker, long incarnation = 1, double at = 0, string numerics = "n1") =>
        MembershipPolicy.Join(fleet, worker, incarnation, Capabilities(numerics), Settings, At(at)).State;

    private static FleetState WithAdmitted(FleetState fleet, WorkerId worker, string digest = "right") =>
        MembershipPolicy.Probed(Joined(fleet, worker), worker, 1, digest).State;

    [Fact]
    public void Join_NewWorker_IsProbedBeforeItGetsWork()
    {
        var joined = MembershipPolicy.Join(FleetState.Empty, A, 1, Capabilities(), Settings, T0);
        Assert.Equal([new StartProbe(A)], joined.Actions);
        Assert.Empty(joined.State.Live(T0));
        var probed = MembershipPolicy.Probed(joined.State, A, 1, "digest");
        Assert.Equal([new Welcome(A)], probed.Actions);
        Assert.Equal(A, Assert.Single(probed.State.Live(T0)).Worker);
    }

    [Fact]
    public void Probed_AnotherDigestThanTheFirstOfItsNumerics_IsEvictedAndNamed()
    {
        var fleet = Joined(WithAdmitted(FleetState.Empty, A), B);
        var decision = MembershipPolicy.Probed(fleet, B, 1, "wrong");
        Assert.Equal(MemberStatus.Evicted, decision.State.Find(B)!.Status);
        var dismissal = Assert.IsType<Dismiss>(Assert.Single(decision.Actions));
        Assert.Contains("wrong instead of right", dismissal.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Probed_OtherNumerics_HasItsOwnReference()
    {
        var fleet = Joined(WithAdmitted(FleetState.Empty, A), B, numerics: "n2");
        Assert.Equal([new Welcome(B)], MembershipPolicy.Probed(fleet, B, 1, "another").Actions);
    }

    [Fact]
    public void Join_SameProcessAgain_KeepsItsPlace()
    {
        var fleet = WithAdmitted(FleetState.Empty, A);
        var again = MembershipPolicy.Join(fleet, A, 1, Capabilities(), Settings, At(9));
        Assert.Equal([new Welcome(A)], again.Actions);
        Assert.Single(again.State.Live(At(15)));
    }

    [Fact]
    public void IsMember_LostOrAnotherProcess_IsNot()
    {
        var fleet = WithAdmitted(FleetState.Empty, A);
        Assert.True(MembershipPolicy.IsMember(fleet, A, 1));
        Assert.False(MembershipPolicy.IsMember(fleet, A, 2));
        Assert.False(MembershipPolicy.IsMember(fleet, B, 1));
        Assert.False(MembershipPolicy.IsMember(MembershipPolicy.Sweep(fleet, Settings, At(11)).State, A, 1));
        Assert.False(MembershipPolicy.IsMember(MembershipPolicy.Evict(fleet, A, "it disagrees", isBan: true, Settings, T0).State, A, 1));
    }

    [Fact]
    public void Join_NewProcessOfTheName_IsProbedAgain_AndTheOldOneIsRefused()
    {
        var fleet = Joined(WithAdmitted(FleetState.Empty, A), A, incarnation: 2);
        Assert.Equal(MemberStatus.Probing, fleet.Find(A)!.Status);
        Assert.IsType<Refuse>(Assert.Single(MembershipPolicy.Join(fleet, A, 1, Capabilities(), Settings, T0).Actions));
        Assert.Equal(fleet, MembershipPolicy.Renew(fleet, Heard(A, 1), Settings, At(5)));
    }

    [Fact]
    public void Join_OtherProtocol_IsRefusedWithBothVersions()
    {
        var decision = MembershipPolicy.Join(FleetState.Empty, A, 1, Capabilities() with { ProtocolVersion = 99 }, Settings, T0);
        Assert.Contains($"protocol version 99, but this coordinator uses {FleetSettings.CurrentProtocol}", Assert.IsType<Refuse>(Assert.Single(decision.Actions)).Reason, StringComparison.Ordinal);
        Assert.Empty(decision.State.Members);
    }

    [Fact]
    public void Sweep_LeaseRunOut_IsLostAfterTenSecondsOfSilence()
    {
        var fleet = MembershipPolicy.Renew(WithAdmitted(FleetState.Empty, A), Heard(A, 1), Settings, At(5));
        Assert.Empty(MembershipPolicy.Sweep(fleet, Settings, At(14.9)).Actions);
        var swept = MembershipPolicy.Sweep(fleet, Settings, At(15));
        Assert.Equal([new Dismiss(A, "no heartbeat for 10 s")], swept.Actions);
        Assert.Empty(swept.State.Members);
    }

    [Fact]
    public void Renew_FromAClockThatWentBack_ShortensNoLease()
    {
        var fleet = MembershipPolicy.Renew(WithAdmitted(FleetState.Empty, A), Heard(A, 1), Settings, At(20));
        Assert.Equal(new Lease(At(30)), MembershipPolicy.Renew(fleet, Heard(A, 1), Settings, At(3)).Find(A)!.Lease);
    }

    [Fact]
    public void Sweep_ProbeThatHangs_IsEvicted()
    {
        var fleet = Joined(FleetState.Empty, A);
        var late = Settings.ProbeDeadline + TimeSpan.FromSeconds(1);
        fleet = MembershipPolicy.Renew(fleet, Heard(A, 1), Settings, T0 + late);
        Assert.Contains("probe", Assert.IsType<Dismiss>(Assert.Single(MembershipPolicy.Sweep(fleet, Settings, T0 + late).Actions)).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Evict_Member_RefusesItsProcessAndProbesTheNext()
    {
        var fleet = MembershipPolicy.Evict(WithAdmitted(FleetState.Empty, A), A, "its state differs", isBan: true, Settings, T0).State;
        Assert.Empty(fleet.Live(T0));
        Assert.Contains("its state differs", Assert.IsType<Refuse>(Assert.Single(MembershipPolicy.Join(fleet, A, 1, Capabilities(), Settings, T0).Actions)).Reason, StringComparison.Ordinal);
        Assert.Equal([new StartProbe(A)], MembershipPolicy.Join(fleet, A, 2, Capabilities(), Settings, T0).Actions);
        Assert.Single(MembershipPolicy.Sweep(fleet, Settings, At(60)).State.Members);
        Assert.Empty(MembershipPolicy.Sweep(fleet, Settings, T0.AddDays(2)).State.Members);
    }

    [Fact]
    public void Evict_WorkerThatOnlyHung_MayComeBackLaterEachTime()
    {
        var fleet = WithAdmitted(FleetState.Empty, A);
        var now = T0;
        foreach (var pause in (double[])[30, 60, 120, 240, 300, 300])
        {
            fleet = MembershipPolicy.Evict(fleet, A, "it hung", isBan: false, Settings, now).State;
            var refused = Assert.IsType<Refuse>(Assert.Single(MembershipPolicy.Join(fleet, A, 1, Capabilities(), Settings, now).Actions));
            Assert.Equal(now.AddSeconds(pause), refused.Until);
            now = refused.Until!.Value;
            var back = MembershipPolicy.Join(fleet, A, 1, Capabilities(), Settings, now);
            Assert.Equal([new StartProbe(A)], back.Actions);
            fleet = MembershipPolicy.Probed(back.State, A, 1, "right").State;
        }
    }

    [Fact]
    public void Drain_AdmittedWorker_StaysLiveUntilItLeaves()
    {
        var fleet = MembershipPolicy.Drain(WithAdmitted(FleetState.Empty, A), A, 1);
        Assert.Equal(MemberStatus.Draining, Assert.Single(fleet.Live(T0)).Status);
        Assert.Empty(MembershipPolicy.Leave(fleet, A, 1).Members);
    }

    [Fact]
    public void Drain_ProbingWorker_AdmitsItNot() =>
        Assert.Empty(MembershipPolicy.Drain(Joined(FleetState.Empty, A), A, 1).Live(T0));

    private static Dictionary<WorkerId, long> Heard(WorkerId worker, long incarnation) => new() { [worker] = incarnation };
}
