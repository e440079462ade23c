namespace Atelier.Core.Schedules;

/// <summary>What a phase minimises. The values key random draws: never renumber or reuse one.</summary>
public enum PhaseKind
{
    /// <summary>The generator's adversarial loss.</summary>
    Gmain = 1,

    /// <summary>The generator's path length regularisation.</summary>
    Greg = 2,

    /// <summary>The discriminator's adversarial loss.</summary>
    Dmain = 3,

    /// <summary>The discriminator's R1 regularisation.</summary>
    Dreg = 4,

    /// <summary>Both generator losses in one pass: not lazy.</summary>
    Gboth = 5,

    /// <summary>Both discriminator losses in one pass: not lazy.</summary>
    Dboth = 6,
}

/// <summary>The network whose parameters a phase changes.</summary>
public enum TrainedNetwork
{
    Generator,
    Discriminator,
}

/// <summary>One pass over a minibatch within an iteration.</summary>
/// <param name="Interval">It runs in iterations divisible by this.</param>
/// <param name="Gain">Factor on its loss; the interval for lazy regularisation.</param>
public sealed record Phase(PhaseKind Kind, TrainedNetwork Network, int Interval, double Gain)
{
    /// <summary>Whether the adversarial loss is part of it.</summary>
    public bool HasMain => Kind is PhaseKind.Gmain or PhaseKind.Gboth or PhaseKind.Dmain or PhaseKind.Dboth;

    /// <summary>Whether the regulariser is part of it.</summary>
    public bool HasRegularisation => Kind is PhaseKind.Greg or PhaseKind.Gboth or PhaseKind.Dreg or PhaseKind.Dboth;

    /// <summary>Whether it runs in an iteration.</summary>
    /// <param name="iteration">Iterations done before it.</param>
    public bool RunsAt(long iteration) => iteration % Interval == 0;
}

/// <summary>
/// The phases of a run, in the order in which an iteration runs them: Gmain, Greg, Dmain, Dreg. A regulariser of weight 0
/// has no phase; the published code runs an empty pass there, to the same weights.
/// </summary>
public static class PhaseSchedule
{
    public static IReadOnlyList<Phase> Build(
        LazyRegularisation generator, double pathLengthWeight, LazyRegularisation discriminator, double gamma) =>
    [
        .. Of(TrainedNetwork.Generator, generator, pathLengthWeight, PhaseKind.Gmain, PhaseKind.Greg, PhaseKind.Gboth),
        .. Of(TrainedNetwork.Discriminator, discriminator, gamma, PhaseKind.Dmain, PhaseKind.Dreg, PhaseKind.Dboth),
    ];

    /// <summary>The phases that run in an iteration, in order.</summary>
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
