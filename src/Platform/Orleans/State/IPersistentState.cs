using Orleans.Core;

namespace Orleans.Runtime;

/// <summary>
/// A state of a grain, read before the grain is activated. A grain takes it as a constructor parameter with a
/// <see cref="PersistentStateAttribute"/>.
/// </summary>
/// <typeparam name="TState">The type of the state.</typeparam>
public interface IPersistentState<TState> : IStorage<TState>;
