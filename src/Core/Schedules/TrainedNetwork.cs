namespace Atelier.Core.Schedules;

/// <summary>The network whose parameters a phase changes.</summary>
public enum TrainedNetwork
{
    /// <summary>The generator.</summary>
    Generator,

    /// <summary>The discriminator.</summary>
    Discriminator,
}
