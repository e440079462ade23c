using Orleans.Runtime;

namespace Orleans;

/// <summary>What interfaces of observers derive from: objects outside the grains that grains call back.</summary>
public interface IGrainObserver : IAddressable;
