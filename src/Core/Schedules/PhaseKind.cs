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
