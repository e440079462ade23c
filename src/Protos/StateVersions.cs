namespace Atelier.Protos;

/// <summary>A state's version, as messages and as decisions have it.</summary>
public static class StateVersions
{
    /// <summary>The version as a message.</summary>
    public static StateVersion ToMessage(this Core.Fleet.StateVersion version) =>
        new() { Lineage = version.Lineage, Iteration = version.Position.Iteration, Phase = version.Position.Phase };

    /// <summary>The version that a message names.</summary>
    public static Core.Fleet.StateVersion ToVersion(this StateVersion message)
    {
        ArgumentNullException.ThrowIfNull(message);
        return new(message.Lineage, new(message.Iteration, message.Phase));
    }
}
