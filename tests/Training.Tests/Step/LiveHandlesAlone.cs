namespace Atelier.Training.Tests.Step;

/// <summary>Tests that count the process's live tensors: nothing else may run beside them.</summary>
[CollectionDefinition(TrainStepTests.LiveHandles, DisableParallelization = true)]
public sealed class LiveHandlesAlone;
