"""What users type wrong on the command line, and what they are told."""

# A command | what is typed, the bad value last | the code of the exit | how the line begins.
TABLE = """
train    | seed=abc | 2 | seed='abc' is not a whole number in [0, 4294967295]; use for example seed=0
train    | seed=-1 | 1 | seed=-1 is not a whole number
train    | seed=1.5 | 2 | seed=1.5 is not a whole number
train    | seed=4294967296 | 1 | seed=4294967296 is not a whole number in
train    | seed=null | 2 | seed=null is not a whole number
train    | ~seed | 2 | seed is missing; give it, for example seed=0
train    | force=maybe | 2 | force='maybe' is not true or false
train    | +aux_weight=1 | 2 | aux_weight=1 is no option, did you mean
train    | +sede=1 | 2 | sede=1 is no option, did you mean seed?
train    | +max_length=16 | 2 | max_length=16 is no option, did you mean model.max_length?
train    | +callbacks.mine=3 | 2 | callbacks.mine=3 is not a _target_ with its arguments
train    | +callbacks.x={_target_:transformers.EarlyStoppingCallback,pat:3} | 2 | callbacks.x.pat=3 is no option
train    | aux=3 | 2 | aux=3 names no option of aux; use all_phrase,
train    | aux=[] | 2 | aux=[] names no option of aux; use all_phrase,
train    | aux=null | 2 | aux=null names no option of aux; use all_phrase,
train    | aux=[rtm,3] | 2 | aux=[rtm,3] names no option of aux; use all_phrase,
train    | model=7 | 2 | model=7 names no option of model; use bert-base,
train    | ~weighting | 2 | weighting is missing; give it, for example weighting=static
train    | trainer=fast | 2 | In 'train': Could not find 'trainer/fast'
train    | paths.runs=5 | 2 | paths.runs=5 is not text; quote it: 'paths.runs="5"'
train    | paths.runs= | 1 | paths.runs='' is not text
train    | +paths.run=x | 2 | paths.run='x' is no option, did you mean paths.runs?
train    | model.max_length=abc | 2 | model.max_length='abc' is not a whole number from 3
train    | model.max_length=1 | 1 | model.max_length=1 is not a whole number from 3
train    | model.learning_rate=fast | 2 | model.learning_rate='fast' is not a number from 0
train    | model.name=5 | 2 | model.name=5 is not text
train    | +model.max_lenght=16 | 2 | model.max_lenght=16 is no option, did you mean model.max_length?
train    | ~model.max_length | 2 | model.max_length is missing
train    | dataset=files dataset.name=5 | 2 | dataset.name=5 is not text, or null
train    | dataset=files dataset.train=[a.csv] | 2 | dataset.train=['a.csv'] is not text, or null
train    | dataset=files dataset.test_share=abc | 2 | dataset.test_share='abc' is not a number in (0, 1)
train    | dataset=files dataset.valid_share=1 | 1 | dataset.valid_share=1 is not a number in (0, 1)
train    | dataset=files dataset.text_column=3 | 2 | dataset.text_column=3 is not text
train    | dataset.train_fraction=0 | 1 | dataset.train_fraction=0 is not a number in (0, 1]
train    | dataset.train_fraction=1.5 | 1 | dataset.train_fraction=1.5 is not a number in (0, 1]
train    | dataset.train_fraction=half | 2 | dataset.train_fraction='half' is not a number in (0, 1]
train    | dataset.split=5 | 2 | dataset.split=5 is not text, or null
train    | dataset.split=cv:5 dataset.fold=-1 | 1 | dataset.fold=-1 is not a whole number from 0, or null
train    | dataset.resplit=-1 | 1 | dataset.resplit=-1 is not a whole number in
train    | dataset=files dataset.group_column=5 | 2 | dataset.group_column=5 is not text, or null
train    | dataset.group_column=author | 2 | Could not override 'dataset.group_column'
score    | +dataset.train_fraction=0.5 | 2 | dataset.train_fraction=0.5 is no option
train    | dataset=files +dataset.label_colum=x | 2 | dataset.label_colum='x' is no option, did you mean
train    | adaptation=tap | 2 | In 'train': Could not find 'adaptation/tap'
train    | adaptation=tapt adaptation.max_tokens=0 | 1 | adaptation.max_tokens=0 is not a whole number from 1
train    | adaptation=tapt adaptation.scorer=vanilla | 1 | adaptation.scorer='vanilla' is unknown; use
train    | adaptation=tapt adaptation.trainer.learning_rate=fast | 2 | adaptation.trainer.learning_rate='fast' is
train    | adaptation=tapt +adaptation.trainer.max_steps=3 | 2 | adaptation.trainer.max_steps is set by the command
train    | adaptation=tapt +adaptation.trainer.max_grad=3 | 2 | adaptation.trainer.max_grad=3 is no option
train    | adaptation.texts=x.txt | 2 | adaptation.texts is an option of adaptation, and none is chosen; use adap
train    | adaptation.masking=rtm | 2 | adaptation.masking is an option of adaptation, and none is chosen; use ad
train    | unlabelled.path=x.txt | 2 | unlabelled.path is an option of unlabelled, and none is chosen; use unlabe
train    | adaptation=dapt | 2 | adaptation.texts is missing
train    | adaptation=dapt adaptation.texts=5 | 2 | adaptation.texts=5 is not text
train    | baseline=tfidf_svm adaptation=tapt | 2 | adaptation changes nothing with baseline=tfidf_svm
train    | unlabelled=files unlabelled.path=a.txt baseline=tfidf_svm | 2 | unlabelled changes nothing with baseline
train    | aux=rtm unlabelled=files | 2 | unlabelled.path is missing; give it, for example unlabelled.path=more.txt
train    | aux=rtm unlabelled=files unlabelled.path=a unlabelled.ratio=0 | 1 | unlabelled.ratio=0 is not a number
train    | dataset=r8 dataset.counts=many | 2 | dataset.counts='many' is not values by name, or null
train    | dataset=r8 dataset.counts.train=-1 | 1 | dataset.counts.train=-1 is not a whole number from 0
train    | dataset=hub dataset.path=5 | 2 | dataset.path=5 is not text, or null
train    | trainer.learning_rate=-1 | 1 | trainer.learning_rate=-1 is not a number from 0
train    | trainer.learning_rate=nan | 1 | trainer.learning_rate=nan is not a number from 0
train    | trainer.learning_rate=fast | 2 | trainer.learning_rate='fast' is not a number from 0
train    | trainer.learning_rate=null | 2 | trainer.learning_rate=null is not a number from 0
train    | trainer.num_train_epochs=0 | 1 | trainer.num_train_epochs=0 is not a number above 0
train    | trainer.max_steps=0 | 1 | trainer.max_steps=0 is not a whole number from 1, or -1
train    | trainer.max_steps=2.5 | 2 | trainer.max_steps=2.5 is not a whole number from 1, or -1
train    | trainer.per_device_train_batch_size=0 | 1 | trainer.per_device_train_batch_size=0 is not a whole
train    | trainer.per_device_eval_batch_size=big | 2 | trainer.per_device_eval_batch_size='big' is not a
train    | trainer.gradient_accumulation_steps=0 | 1 | trainer.gradient_accumulation_steps=0 is not a whole
train    | trainer.eval_strategy=no | 1 | trainer.eval_strategy='no' is unknown; use epoch or steps
train    | trainer.eval_steps=0 | 1 | trainer.eval_steps=0 is not a number above 0, or null
train    | trainer.patience=many | 2 | trainer.patience='many' is not a whole number from 1, or null
train    | trainer.patience=0 | 1 | trainer.patience=0 is not a whole number from 1, or null
train    | trainer.metric=f1 | 1 | trainer.metric='f1' is unknown; use macro_f1, micro_f1 or accuracy
train    | trainer.warmup_steps=-1 | 1 | trainer.warmup_steps=-1 is not a number from 0
train    | trainer.weight_decay=inf | 1 | trainer.weight_decay=inf is not a number from 0
train    | trainer.adam_beta2=1 | 1 | trainer.adam_beta2=1 is not a number in [0, 1)
train    | trainer.bf16=perhaps | 1 | trainer.bf16='perhaps' is not auto, or true or false
train    | trainer.independent_batches=1 | 2 | trainer.independent_batches=1 is not true or false
train    | trainer.lr_scheduler_type=cosin | 1 | trainer.lr_scheduler_type='cosin' is not a name of transf
train    | trainer.optim=adam | 1 | trainer.optim='adam' is not a name of transformers' OptimizerNames, did you
train    | trainer.data_seed=-3 | 1 | trainer.data_seed=-3 is not a whole number in
train    | trainer.report_to=7 | 2 | trainer.report_to=7 is not text
train    | trainer.last_stage=5 | 2 | trainer.last_stage=5 is not values by name, or null
train    | +trainer.lerning_rate=1 | 2 | trainer.lerning_rate=1 is no option, did you mean trainer.learning_rate
train    | trainer.lerning_rate=1 | 2 | Could not override 'trainer.lerning_rate', did you mean trainer.learning
train    | +trainer.label_smoothing=0.1 | 2 | trainer.label_smoothing=0.1 is no option, did you mean trainer.lab
train    | +trainer.label_smoothing_factor=some | 2 | trainer.label_smoothing_factor='some' is not a number
train    | +trainer.eval_on_start=soon | 2 | trainer.eval_on_start='soon' is not true or false
train    | +trainer.hub_strategy=never | 1 | trainer.hub_strategy='never' is unknown; use end, every_save,
train    | +trainer.seed=3 | 2 | trainer.seed is set by the command itself; use seed
train    | +trainer.output_dir=x | 2 | trainer.output_dir is set by the command itself; use paths.runs
train    | +trainer.weighting=x | 2 | trainer.weighting='x' is no option
train    | trainer=tartan trainer.last_stage.learning_rate=-1 | 1 | trainer.last_stage.learning_rate=-1 is not
train    | trainer=tartan +trainer.last_stage.pacience=2 | 2 | trainer.last_stage.pacience=2 is no option, did
train    | trainer=tartan +trainer.last_stage.save_steps=2 | 2 | trainer.last_stage.save_steps is set by the com
train    | aux=rtm aux.rtm.masking.mask_rate=high | 1 | aux.rtm.masking.mask_rate='high' is not a number in
train    | aux=rtm aux.rtm.masking.mask_rate=1.5 | 1 | aux.rtm.masking.mask_rate=1.5 is not a number in (0
train    | aux=rtm aux.rtm.masking.mask_rate=lineal | 1 | aux.rtm.masking.mask_rate='lineal' is not a number in
train    | aux=rtm mask_rate=0 | 1 | mask_rate=0 is not a number in (0, 1)
train    | aux=bit_label mask_rate=0.3 | 2 | mask_rate changes nothing with aux=bit_label, which masks nothing
train    | aux=rtm trainer.main_rows=rtn | 2 | trainer.main_rows='rtn' is no masking task of this run; use rtm
train    | aux=bit_label trainer.main_rows=bit_label | 2 | trainer.main_rows='bit_label' is no masking task of
train    | aux=stl trainer.main_rows=rtm | 2 | trainer.main_rows='rtm' is no masking task of this run; use null
train    | aux=rtm trainer.main_mask=0.1 trainer.main_rows=rtm | 2 | trainer.main_rows=rtm has the main task read
train    | aux=rtm trainer.independent_batches=true trainer.main_rows=rtm | 2 | trainer.main_rows=rtm has the mai
train    | aux=rtm unlabelled=files unlabelled.path=a trainer.main_rows=rtm | 2 | trainer.main_rows=rtm has the
train    | trainer.main_rows=5 | 2 | trainer.main_rows=5 is not text
train    | trainer.main_mask=1 | 1 | trainer.main_mask=1 is not a number in [0, 1)
train    | aux=rtm trainer.main_mask_replace_prob=0.8 | 2 | trainer.main_mask_replace_prob=0.8 changes nothing
train    | trainer.main_mask_replace_prob=2 | 1 | trainer.main_mask_replace_prob=2 is not a number in [0, 1]
train    | trainer.task_every=0 | 1 | trainer.task_every=0 is not a whole number from 1
train    | trainer=tartan +trainer.last_stage.task_every=2 | 2 | trainer.last_stage.task_every=2 is no option
train    | weighting=meta weighting.dev_head=cold | 1 | weighting.dev_head='cold' is unknown; use fresh, warm or
train    | weighting=meta weighting.meta_share=1 | 1 | weighting.meta_share=1 is not a number in [0, 1)
train    | weighting=meta weighting.through_softmax=1 | 2 | weighting.through_softmax=1 is not true or false
train    | aux=rtm aux.rtm.decoder=free | 1 | aux.rtm.decoder='free' is unknown; use tied, detached or
train    | aux=rtm +aux.rtm.masking.longest=3 | 2 | aux.rtm.masking.longest=3 is no option, RTMCollator takes
train    | aux=rtm +aux.rtm.masking.sead=3 | 2 | aux.rtm.masking.sead=3 is no option, did you mean aux.rtm.maski
train    | aux=rtm aux.rtm.masking=random | 2 | aux.rtm.masking='random' is not a _target_ with its arguments
train    | aux=rtm +aux.mine=rtm | 2 | aux.mine='rtm' is not a _target_ with its arguments
train    | aux=rtm ~aux.rtm.masking | 2 | aux.rtm.masking is missing; auxtask.tasks.masking.MaskingTask needs it
train    | aux=rtm aux.rtm._target_=auxtask.tasks.Nope | 2 | aux.rtm._target_='auxtask.tasks.Nope' is no class
train    | aux=span aux.span.masking.longest=0 | 1 | aux.span.masking.longest=0 is not a whole number from 1
train    | aux=frequency aux.frequency.masking.power=-1 | 1 | aux.frequency.masking.power=-1 is not a number
train    | aux=tfidf_words aux.tfidf_words.masking.gamma=-1 | 1 | aux.tfidf_words.masking.gamma=-1 is not a
train    | aux=log_odds aux.log_odds.annotate.of=each | 1 | aux.log_odds.annotate.of='each' is unknown; use own
train    | aux=log_odds aux.log_odds.annotate.least=some | 2 | aux.log_odds.annotate.least='some' is not a number
train    | aux=log_odds aux.log_odds.annotate.kappa=0 | 1 | aux.log_odds.annotate.kappa=0 is not a number above 0
train    | aux=keyword aux.keyword.annotate.top_k=0 | 1 | aux.keyword.annotate.top_k=0 is not a whole number from
train    | aux=difference aux.difference.annotate.shape=line | 1 | aux.difference.annotate.shape='line' is unknown
train    | aux=difference aux.difference.annotate.anchors=0 | 1 | aux.difference.annotate.anchors=0 is not a whole
train    | aux.l3masking.annotate.metric=l2r | 1 | aux.l3masking.annotate.metric='l2r' is unknown; use word_l2r
train    | aux=l3masking_refreshed aux.l3masking_refreshed.refresh_every=0 | 1 | aux.l3masking_refreshed.refresh
train    | aux=l3masking_refreshed aux.l3masking_refreshed.annotate.metric=l2r | 1 | aux.l3masking_refreshed.ann
train    | aux=bit_label aux.bit_label.extractor.num_merges=many | 2 | aux.bit_label.extractor.num_merges='many'
train    | aux=bit_label +aux.bit_label.labeler.max_pattern=3 | 2 | aux.bit_label.labeler.max_pattern=3 is no
train    | aux=bit_label +aux.bit_label.labeler.max_patterns=many | 2 | aux.bit_label.labeler.max_patterns='many
train    | weighting.auxiliary=-1 | 1 | weighting.auxiliary=-1 is not a number from 0
train    | +weighting.tasks.l3maskin=0.5 | 2 | weighting.tasks.l3maskin=0.5 is no option, did you mean weighting
train    | +weighting.tasks.l3masking=much | 2 | weighting.tasks.l3masking='much' is not a number from 0
train    | weighting=dwa weighting.temperature=0 | 1 | weighting.temperature=0 is not a number above 0
train    | weighting=meta weighting.dev_steps=0 | 1 | weighting.dev_steps=0 is not a whole number from 1
train    | weighting=meta weighting.seed=x | 2 | weighting.seed='x' is not a whole number
train    | weighting=gate +weighting.alpha=1 | 2 | weighting.alpha=1 is no option, GradientGate takes no
train    | loss=focal loss.gamma=-1 | 1 | loss.gamma=-1 is not a number from 0
train    | +loss.gama=1 | 2 | loss.gama=1 is no option, CrossEntropy takes no arguments
train    | adapter=lora adapter.r=0 | 1 | adapter.r=0 is not a whole number from 1
train    | adapter=lora +adapter.use_rslor=true | 2 | adapter.use_rslor=true is no option, did you mean
train    | adapter=lora +adapter.use_rslora=7 | 2 | adapter.use_rslora=7 is not true or false
train    | scoring.stride=0 | 1 | scoring.stride=0 is not a whole number from 1, or null
train    | scoring.dtype=float64 | 1 | scoring.dtype='float64' is unknown, did you mean bfloat16?
train    | scoring.words=french | 1 | scoring.words='french' is not japanese, or a _target_ with its arguments
train    | +scoring.word=x | 2 | scoring.word='x' is no option, did you mean scoring.words?
train    | baseline=bertgcn baseline.num_epochs=0 | 1 | baseline.num_epochs=0 is not a whole number from 1
train    | baseline=bertgcn baseline.batch_splits=[trian] | 1 | baseline.batch_splits=['trian'] is not a list of
train    | baseline=bertgcn baseline.graph.window=1 | 1 | baseline.graph.window=1 is not a whole number from 2
train    | baseline=bertgat baseline.network.dropout=1 | 1 | baseline.network.dropout=1 is not a number in [0
train    | baseline=textgcn +baseline.epochs=3 | 2 | baseline.epochs=3 is no option, did you mean baseline.num_e
train    | baseline=tfidf_svm baseline.ngram_ranges=[[1]] | 1 | baseline.ngram_ranges=[[1]] is not a list of one
train    | baseline=frozen baseline.inverse_regularization=[0] | 1 | baseline.inverse_regularization=[0] is not
train    | baseline=frozen baseline.name=a/b | 1 | baseline.name='a/b' names a folder of runs and holds '/'
train    | baseline=frozen ~baseline.name | 2 | baseline.name is missing; give it, for example baseline.name=min
score    | splits=[trian] | 1 | splits=['trian'] is not a list of one or more: train, valid or test, did you
score    | splits=train | 2 | splits='train' is not a list of one or more
score    | splits=[] | 1 | splits=[] is not a list of one or more
score    | heatmap=-1 | 1 | heatmap=-1 is not a whole number from 0, or null
score    | heatmap=first | 2 | heatmap='first' is not a whole number from 0, or null
score    | long=windows | 1 | long='windows' is unknown, did you mean window?; use truncate or window
score    | metric=pll | 1 | metric='pll' is unknown; use word_l2r, original, whole_word or unmasked
score    | functional=mean | 1 | functional='mean' is unknown; use likelihood, entropy or gini
score    | words=many | 2 | words='many' is not a whole number from 0
score    | mask_rate=0 | 1 | mask_rate=0 is not a number in (0, 1)
score    | palette=red | 1 | palette='red' is unknown, did you mean red_blue?
score    | histogram=3 | 2 | histogram=3 is not text, or null
score    | scoring.stride=fast | 2 | scoring.stride='fast' is not a whole number from 1, or null
score    | +split=[train] | 2 | split=['train'] is no option, did you mean splits?
ngrams   | top=0 | 1 | top=0 is not a whole number from 1
ngrams   | common_min_classes=1 | 1 | common_min_classes=1 is not a whole number from 2
ngrams   | extractor.num_merges=many | 2 | extractor.num_merges='many' is not a whole number from 1, or null
ngrams   | extractor.scope=classes | 1 | extractor.scope='classes' is unknown
ngrams   | extractor.cross_punctuation=no | 2 | extractor.cross_punctuation='no' is not true or false
ngrams   | +extractor.merges=3 | 2 | extractor.merges=3 is no option, did you mean extractor.num_merges?
ngrams   | output=5 | 2 | output=5 is not text; quote it: 'output="5"'
ngrams   | +seed=3 | 2 | seed=3 is no option, --help lists what is
stats    | datasets=ngram_tables datasets.r8.name=5 | 2 | datasets.r8.name=5 is not text, or null
stats    | model.max_length=0 | 1 | model.max_length=0 is not a whole number from 3
stats    | dataset=files dataset.encoding=8 | 2 | dataset.encoding=8 is not text
stats    | +seed=3 | 2 | seed=3 is no option, --help lists what is
report   | resamples=0 | 1 | resamples=0 is not a whole number from 1
report   | resamples=2.5 | 2 | resamples=2.5 is not a whole number from 1
report   | ddof=-1 | 1 | ddof=-1 is unknown; use 1 or 0
report   | ddof=sample | 2 | ddof='sample' is not 1 or 0
report   | planned=mine | 2 | In 'report': Could not find 'planned/mine'
report   | +planned.likelihood.metrics=[f1] | 1 | planned.likelihood.metrics=['f1'] is not a list of one or more
report   | output=3 | 2 | output=3 is not text, or null
report   | +outptu=x | 2 | outptu='x' is no option, did you mean output?
pretrain | data.valid=b.txt data.train=??? | 2 | data.train is missing; give it, for example data.train=corpus.txt
pretrain | data.valid=b.txt data.train=[] | 1 | data.train=[] is not text, or a list of one or more: text
pretrain | data.valid=b.txt data.train=3 | 2 | data.train=3 is not text, or a list of one or more: text
pretrain | block_length=0 | 1 | block_length=0 is not a whole number from 3
pretrain | tokenizer.vocabulary_size=big | 2 | tokenizer.vocabulary_size='big' is not a whole number from 6
pretrain | masking.final_mask_rate=1 | 1 | masking.final_mask_rate=1 is not a number in (0, 1)
pretrain | masking.mask_replace_prob=2 | 1 | masking.mask_replace_prob=2 is not a number in [0, 1]
pretrain | +masking.rate=0.1 | 2 | masking.rate=0.1 is no option, did you mean masking.mask_rate?
pretrain | architecture.hidden_size=0 | 1 | architecture.hidden_size=0 is not a whole number from 1
pretrain | +architecture.hiden_size=3 | 2 | architecture.hiden_size=3 is no option, did you mean architecture.hi
pretrain | embeddings.window=0 | 1 | embeddings.window=0 is not a whole number from 1
pretrain | +embeddings.sed=3 | 2 | embeddings.sed=3 is no option, did you mean embeddings.seed?
pretrain | recipe=tinny | 2 | In 'pretrain': Could not find 'recipe/tinny', did you mean recipe=tiny?
pretrain | init=tiny parts=body | 1 | parts='body' is unknown; use all, layers, head or lora
pretrain | init=tiny head_learning_rate=-1 | 1 | head_learning_rate=-1 is not a number from 0, or null
pretrain | init=tiny lora.r=0 | 1 | lora.r=0 is not a whole number from 1
pretrain | init=tiny +lora.rank=8 | 2 | lora.rank=8 is no option
pretrain | init=tiny saved_dtype=float16 | 1 | saved_dtype='float16' is unknown, did you mean bfloat16?
pretrain | init=5 | 2 | init=5 is not text
pretrain | recipe=continued init=??? | 2 | init is missing; give it, for example init=tiny
pretrain | +tokenizer.vocabulary_size=99 init=tiny | 2 | tokenizer changes nothing with init=tiny
pretrain | trainer.max_steps=all | 2 | trainer.max_steps='all' is not a whole number from 1, or -1
pretrain | +trainer.patience=3 | 2 | trainer.patience=3 is no option
pretrain | trainer.save_steps=0 | 1 | trainer.save_steps=0 is not a number above 0
pretrain | +trainer.output_dir=x | 2 | trainer.output_dir is set by the command itself; use output
predict  | input=a.csv run=??? | 2 | run is missing; give it, for example run=runs/docstrings
predict  | run=my_run input=??? | 2 | input is missing; give it, for example input=my.csv
predict  | run=my_run input=a.csv format=exel | 1 | format='exel' is not csv, tsv, jsonl, lines, parquet or xlsx
predict  | run=my_run input=a.csv rows=0 | 1 | rows=0 is not a whole number from 1
predict  | run=my_run input=a.csv rows=all | 2 | rows='all' is not a whole number from 1
predict  | run=my_run input=a.csv tokens_per_batch=0 | 1 | tokens_per_batch=0 is not a whole number from 1
predict  | run=my_run input=a.csv text_column=3 | 2 | text_column=3 is not text
predict  | run=my_run input=a.csv prefix=null | 2 | prefix=null is not text
predict  | run=my_run input=a.csv +outptu=x | 2 | outptu='x' is no option, did you mean output?
predict  | run=my_run input=a.csv runtime=onxx | 1 | runtime='onxx' is unknown, did you mean onnx?
export   | run=??? | 2 | run is missing; give it, for example run=runs/docstrings
export   | run=my_run int8=maybe | 2 | int8='maybe' is not true or false
"""
