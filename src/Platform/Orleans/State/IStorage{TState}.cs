namespace Orleans.Core;

/// <summary>A state of a type and the record that it is kept in.</summary>
/// <typeparam name="TState">The type of the state.</typeparam>
public interface IStorage<TState> : IStorage
{
    /// <summary>The state, as it was read or as it was set since.</summary>
    TState State { get; set; }
}
