namespace Atelier.Coordinator.Storage;

/// <summary>
/// Which coordinator acts. Whoever acquires the lease gets a term higher than all before it, and no term is given twice; so a term
/// tells everyone apart who is or was in charge. A lease that ran out cannot be renewed, only acquired again, under a new term.
/// </summary>
/// <remarks>A holder must stop acting when the duration has passed on its own clock since before it acquired or renewed.</remarks>
public sealed class CoordinatorLease
{
    private readonly CoordinatorDatabase _database;

    internal CoordinatorLease(CoordinatorDatabase database) => _database = database;

    /// <summary>Takes the lease if nobody has it.</summary>
    /// <param name="holder">How others reach this coordinator.</param>
    /// <param name="duration">How long it lasts unless renewed; at least a millisecond.</param>
    /// <param name="cancellationToken">Stops asking; the lease may have been taken nevertheless, until it runs out.</param>
    /// <returns>The new term; null if someone has the lease, be it this coordinator itself.</returns>
    public async Task<long?> TryAcquireAsync(string holder, TimeSpan duration, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(holder);
        await using var connection = await _database.ConnectAsync(cancellationToken);
        return await connection.FirstAsync<long?>(
            $"""
            INSERT INTO coordinator_lease (id, term, holder, expires_ms) VALUES (1, 1, @holder, {_database.Clock} + @duration)
            ON CONFLICT (id) DO UPDATE SET term = coordinator_lease.term + 1, holder = @holder, expires_ms = {_database.Clock} + @duration
            WHERE coordinator_lease.expires_ms <= {_database.Clock}
            RETURNING term
            """,
            [("@holder", holder), ("@duration", Milliseconds(duration))], row => row.GetInt64(0), cancellationToken);
    }

    /// <summary>Makes the lease last from now, if it has not run out.</summary>
    /// <param name="term">The term that was acquired.</param>
    /// <param name="duration">How long it lasts from now; at least a millisecond.</param>
    /// <param name="cancellationToken">Stops asking.</param>
    /// <returns>False if it ran out, was given back, or another term began.</returns>
    public async Task<bool> RenewAsync(long term, TimeSpan duration, CancellationToken cancellationToken)
    {
        await using var connection = await _database.ConnectAsync(cancellationToken);
        return await connection.ExecuteAsync(
            $"UPDATE coordinator_lease SET expires_ms = {_database.Clock} + @duration WHERE term = @term AND expires_ms > {_database.Clock}",
            [("@term", term), ("@duration", Milliseconds(duration))], cancellationToken) == 1;
    }

    /// <summary>Gives the lease back, so that another coordinator can take it at once. Nothing happens if another term began.</summary>
    /// <param name="term">The term that was acquired.</param>
    /// <param name="cancellationToken">Stops asking.</param>
    public async Task ReleaseAsync(long term, CancellationToken cancellationToken)
    {
        // The row stays: it knows the highest term.
        await using var connection = await _database.ConnectAsync(cancellationToken);
        await connection.ExecuteAsync("UPDATE coordinator_lease SET expires_ms = 0 WHERE term = @term", [("@term", term)], cancellationToken);
    }

    /// <summary>Looks who has the lease.</summary>
    /// <param name="cancellationToken">Stops looking.</param>
    /// <returns>Null if nobody ever had it.</returns>
    public async Task<LeaseState?> ObserveAsync(CancellationToken cancellationToken)
    {
        await using var connection = await _database.ConnectAsync(cancellationToken);
        return await connection.FirstAsync(
            $"SELECT term, holder, expires_ms - {_database.Clock} FROM coordinator_lease", [],
            row => new LeaseState(row.GetInt64(0), row.GetString(1), TimeSpan.FromMilliseconds(Math.Max(0, row.GetInt64(2)))), cancellationToken);
    }

    private static long Milliseconds(TimeSpan duration)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(duration, TimeSpan.FromMilliseconds(1));
        return (long)duration.TotalMilliseconds;
    }
}
