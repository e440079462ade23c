using Orleans.Runtime;

namespace Orleans;

/// <summary>What grain interfaces derive from, through one of the key interfaces.</summary>
public interface IGrain : IAddressable;
