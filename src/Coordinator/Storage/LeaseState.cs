namespace Atelier.Coordinator.Storage;

/// <summary>What the database says about the lease.</summary>
/// <param name="Term">The highest term that ever began.</param>
/// <param name="Holder">Who took it: how others reach that coordinator.</param>
/// <param name="Remaining">How long it still lasts by the database's clock; zero once it ran out or was given back.</param>
public sealed record LeaseState(long Term, string Holder, TimeSpan Remaining)
{
    /// <summary>Whether nobody else can take it now.</summary>
    public bool IsHeld => Remaining > TimeSpan.Zero;
}
