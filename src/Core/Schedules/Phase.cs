namespace Atelier.Core.Schedules;

/// <summary>One pass over a minibatch within an iteration.</summary>
/// <param name="Kind">What it minimises.</param>
/// <param name="Network">Whose parameters it changes.</param>
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
