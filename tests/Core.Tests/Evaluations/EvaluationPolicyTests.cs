using Atelier.Core.Evaluations;

namespace Atelier.Core.Tests.Evaluations;

public sealed class EvaluationPolicyTests
{
    private const string Same = "same numerics";

    private static readonly EvaluationId Id = new("faces", "000200.000", "rfd");
    private static readonly EvaluationSettings Settings = new();
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly Dictionary<string, string> Numerics = new() { ["faces"] = Same };

    [Fact]
    public void All_PartsOfBothSides_ThenTheResult()
    {
        var parts = EvaluationPart.All(samples: 1100, realImages: 20);

        Assert.Equal(
            [new(EvaluationSide.Real, 0, 20), new(EvaluationSide.Generated, 0, 512), new(EvaluationSide.Generated, 512, 512), new(EvaluationSide.Generated, 1024, 76), EvaluationPart.Result],
            parts);
    }

    [Fact]
    public void Decide_AFreeWorker_TrainingIsLeftAlone()
    {
        var decision = Decide(New(), [Trainer("t"), Free("e")]);

        Assert.Equal("e", Assert.Single(decision.Orders).Worker);
    }

    [Fact]
    public void Decide_NobodyFree_TheRunsOwnWorkersDoIt()
    {
        var decision = Decide(New(), [Trainer("t"), new EvaluationWorker("other", 1, Same, "another run")]);

        Assert.Equal("t", Assert.Single(decision.Orders).Worker);
    }

    [Fact]
    public void Decide_OtherNumerics_AreNotAsked()
    {
        var decision = Decide(New(), [new EvaluationWorker("e", 1, "others", null), Trainer("t")]);

        Assert.Equal("t", Assert.Single(decision.Orders).Worker);
    }

    [Fact]
    public void Decide_RealSideKnown_OnlyOneOfItsPartsIsTried()
    {
        var state = New(samples: 512, real: 2000);
        var decision = Decide(state, [Free("a"), Free("b"), Free("c")]);

        Assert.Single(decision.Orders, order => order.Part.Side == EvaluationSide.Real);
        var after = Report(decision, "a", decision.Orders[0].Part, PartNews.SideKnown);
        Assert.DoesNotContain(after.Evaluations[0].Parts, part => part.Part.Side == EvaluationSide.Real && !part.IsDone);
    }

    [Fact]
    public void Decide_HolderIsGone_AnotherGetsThePartAndWhatIsDoneStays()
    {
        var first = Decide(New(samples: 1024, real: 0), [Free("a")]);
        var done = Report(first, "a", first.Orders[0].Part, PartNews.Done);
        var second = Decide(done.Evaluations[0], [Free("a")]);

        var third = Decide(second.Evaluations[0], [Free("b")]);

        Assert.Equal((second.Orders[0].Part, "b"), (third.Orders[0].Part, third.Orders[0].Worker));
        Assert.True(third.Evaluations[0].Parts[0].IsDone);
    }

    [Fact]
    public void Decide_AnotherProcessOfItsName_IsAnotherWorker()
    {
        var first = Decide(New(samples: 512, real: 0), [Free("a")]);

        var second = Decide(first.Evaluations[0], [Free("a") with { Incarnation = 2 }]);

        Assert.Equal(2, second.Evaluations[0].Parts[0].Holder!.Incarnation);
        Assert.Single(second.Orders);
    }

    [Fact]
    public void Decide_TrainerThatWasHaltedWithAPart_LosesItAndMayGetItAgain()
    {
        var first = Decide(New(), [Trainer("t")]);
        var late = Decide(first.Evaluations[0], [Trainer("t"), Free("e")], Noon + Settings.TrainerDeadline + TimeSpan.FromSeconds(1));

        Assert.Equal("e", Assert.Single(late.Orders).Worker);
        Assert.All(late.Evaluations[0].Parts, part => Assert.Empty(part.Refused));
    }

    [Fact]
    public void Decide_SilentForALittle_IsToldAgain_ForLong_IsReplaced()
    {
        var first = Decide(New(samples: 512, real: 0), [Free("a"), Free("b")]);

        var soon = Decide(first.Evaluations[0], [Free("a"), Free("b")], Noon + Settings.TellAgain + TimeSpan.FromSeconds(1));
        Assert.Equal("a", Assert.Single(soon.Orders).Worker);
        var late = Decide(first.Evaluations[0], [Free("a"), Free("b")], Noon + Settings.PartDeadline + TimeSpan.FromSeconds(1));
        Assert.Equal("b", Assert.Single(late.Orders).Worker);
    }

    [Fact]
    public void Decide_EverybodyFailsAtAPart_ItFailsWithTheReason()
    {
        var workers = new[] { Free("a"), Free("b") };
        var decision = Decide(New(samples: 512, real: 0), workers);
        decision = Decide(Report(decision, "a", decision.Orders[0].Part, PartNews.Failed, "no detector").Evaluations[0], workers);
        Assert.Equal("b", Assert.Single(decision.Orders).Worker);

        decision = Decide(Report(decision, "b", decision.Orders[0].Part, PartNews.Failed, "none here").Evaluations[0], workers);

        Assert.Equal("none here", decision.Evaluations[0].Outcome!.Failure);
        Assert.Empty(decision.Orders);
    }

    [Fact]
    public void Decide_PastItsDeadline_ItFails()
    {
        var decision = Decide(New(), [], Noon + Settings.Deadline + TimeSpan.FromSeconds(1));

        Assert.Contains("24 hours", decision.Evaluations[0].Outcome!.Failure, StringComparison.Ordinal);
    }

    /// <summary>Workers come, die, decline and lose orders: as long as one is there at the end, everything is measured.</summary>
    [Fact]
    public void Histories_OfAnyKind_EndWithTheValue()
    {
        for (int seed = 0; seed < 1000; seed++)
            RunHistory(new Random(seed), seed);
    }

    private static void RunHistory(Random random, int seed)
    {
        var states = new List<EvaluationState> { New(random.Next(1, 5000), random.Next(0, 3000)), New(700, 0) with { Id = Id with { Metric = "fid50k_full" } } };
        var live = new Dictionary<string, EvaluationWorker>();
        var now = Noon;
        int incarnation = 0, step = 0;
        var done = new HashSet<(EvaluationId, EvaluationPart)>();
        while (states.Exists(state => state.Outcome is null))
        {
            Assert.True(++step < 5000, $"history {seed} goes on for ever");
            bool isCalm = step > 200;
            now += TimeSpan.FromSeconds(random.Next(0, 20));
            string name = $"w{random.Next(4)}";
            if (!isCalm && random.Next(4) == 0)
                live.Remove(name);
            else if (isCalm || random.Next(3) == 0)
                live.TryAdd(name, new EvaluationWorker(name, ++incarnation, Same, random.Next(2) == 0 ? "faces" : null));
            var decision = EvaluationPolicy.Decide(states, [.. live.Values], Numerics, Settings, now);
            states = [.. decision.Evaluations];
            var held = states.SelectMany(state => state.Parts).Select(part => part.Holder?.Worker).OfType<string>().ToList();
            Assert.Equal(held.Distinct().Count(), held.Count);
            Assert.All(done, one => Assert.Contains(states, state => state.Id == one.Item1 && state.Parts.Any(part => part.Part == one.Item2 && part.IsDone)));
            foreach (var order in decision.Orders)
            {
                var worker = live[order.Worker];
                Assert.True(order.Part.Side != EvaluationSide.Result || states.Find(state => state.Id == order.Id)!.IsReady);
                var news = isCalm ? PartNews.Done : (PartNews)random.Next(6);
                if (news is PartNews.Failed || (int)news > 4 || (news == PartNews.SideKnown && order.Part.Side != EvaluationSide.Real))
                    continue; // the order or the answer is lost
                states = [.. EvaluationPolicy.Observe(states, new PartReport(order.Id, order.Part, worker.Worker, worker.Incarnation, 1, news, "line"), now)];
                if (news == PartNews.Done)
                    done.Add((order.Id, order.Part));
            }
        }
        Assert.All(states, state => Assert.Equal("line", state.Outcome!.ResultJson));
    }

    private static EvaluationState New(int samples = 5000, int real = 0) => EvaluationState.New(Id, samples, real, Noon);

    private static EvaluationWorker Free(string name) => new(name, 1, Same, null);

    private static EvaluationWorker Trainer(string name) => new(name, 1, Same, "faces");

    private static EvaluationDecision Decide(EvaluationState state, EvaluationWorker[] workers, DateTimeOffset? now = null) =>
        EvaluationPolicy.Decide([state], workers, Numerics, Settings, now ?? Noon);

    private static EvaluationDecision Report(EvaluationDecision decision, string worker, EvaluationPart part, PartNews news, string text = "") =>
        decision with { Evaluations = EvaluationPolicy.Observe(decision.Evaluations, new PartReport(Id, part, worker, 1, part.Count, news, text), Noon) };
}
