namespace Atelier.Core.Schedules;

/// <summary>
/// The phases of a run, in the order in which an iteration runs them: Gmain, Greg, Dmain, Dreg. A regulariser of weight 0
/// has no phase; the published code runs an empty pass there, to the same weights.
/// </summary>
public static class PhaseSchedule
{
    /// <summary>The phases of a run.</summary>
    /// <param name="generator">When path length regularisation runs.</param>
    /// <param name="pathLengthWeight">Its weight.</param>
    /// <param name="discriminator">When R1 regularisation runs.</param>
    /// <param name="gamma">Its weight γ.</param>
    public static IReadOnlyList<Phase> Build(
        LazyRegularisation generator, double pathLengthWeight, LazyRegularisation discriminator, double gamma) =>
    [
        .. Of(TrainedNetwork.Generator, generator, pathLengthWeight, PhaseKind.Gmain, PhaseKind.Greg, PhaseKind.Gboth),
        .. Of(TrainedNetwork.Discriminator, discriminator, gamma, PhaseKind.Dmain, PhaseKind.Dreg, PhaseKind.Dboth),
    ];

    /// <summary>The phases that run in an iteration, in order.</summary>
    /// <param name="phases">The phases of the run.</param>
    /// <param name="iteration">Iterations done before it.</param>
    public static IEnumerable<Phase> At(IReadOnlyList<Phase> phases, long iteration) =>
        phases.Where(phase => phase.RunsAt(iteration));

    private static IEnumerable<Phase> Of(
        TrainedNetwork network, LazyRegularisation lazy, double weight, PhaseKind main, PhaseKind regularisation, PhaseKind both)
    {
        if (weight == 0)
        {
            yield return new(main, network, 1, 1);
        }
        else if (lazy.Interval is { } interval)
        {
            yield return new(main, network, 1, 1);
            yield return new(regularisation, network, interval, interval);
        }
        else
        {
            yield return new(both, network, 1, 1);
        }
    }
}
